/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letting the loop run for a while. Include it after cmocka.h. */
#pragma once

#include "host/loop.h"

static void quit_on_timer(int timer, void *data)
{
    (void)timer;
    (void)data;
    vt_loop_quit();
}

/* Let the loop do what there is to do within @ms. */
static __attribute__((unused)) void run_for(int ms)
{
    int timer = vt_loop_add_timer(ms, quit_on_timer, NULL);

    assert_int_equal(vt_loop_run(NULL), 0);
    vt_loop_remove_timer(timer);
}
