/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum what { SIGNAL, TICK };

struct step {
    int64_t now; /* ms */
    enum what what;
    enum vt_stop_action action;
    enum vt_stop_state state; /* afterwards */
    int wait;                 /* likewise */
};

/* Where a clock begins does not matter. */
#define T INT64_C(5000000000)

static void play(unsigned grace, const struct step *steps, size_t count)
{
    struct vt_stop stop;

    vt_stop_init(&stop, grace);
    assert_int_equal(vt_stop_wait(&stop, T), -1);
    for (size_t i = 0; i < count; i++) {
        int64_t now = T + steps[i].now;
        enum vt_stop_action action =
            steps[i].what == SIGNAL ? vt_stop_signal(&stop, now) : vt_stop_tick(&stop, now);

        if (action != steps[i].action || stop.state != steps[i].state ||
            vt_stop_wait(&stop, now) != steps[i].wait)
            fail_msg("step %zu: action %d, state %d, wait %d", i, action, stop.state,
                     vt_stop_wait(&stop, now));
    }
}

#define PLAY(grace, ...)                                        \
    do {                                                        \
        static const struct step steps[] = __VA_ARGS__;         \
        play((grace), steps, sizeof(steps) / sizeof(steps[0])); \
    } while (0)

static void nothing_is_due_while_it_runs(void **state)
{
    (void)state;
    PLAY(90, {
                 {0, TICK, VT_STOP_NOTHING, VT_STOP_RUNNING, -1},
                 {1000000, TICK, VT_STOP_NOTHING, VT_STOP_RUNNING, -1},
             });
}

static void the_button_is_pressed_again_until_the_grace_period_is_over(void **state)
{
    (void)state;
    PLAY(10, {
                 {0, SIGNAL, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {2999, TICK, VT_STOP_NOTHING, VT_STOP_ASKED, 1},
                 {3000, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {6005, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {9005, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 995},
                 {9999, TICK, VT_STOP_NOTHING, VT_STOP_ASKED, 1},
                 {10000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {10001, TICK, VT_STOP_NOTHING, VT_STOP_FORCED, 4999},
                 {15000, TICK, VT_STOP_KILL, VT_STOP_KILLED, -1},
                 {99999, TICK, VT_STOP_NOTHING, VT_STOP_KILLED, -1},
             });
}

static void further_signals_escalate(void **state)
{
    (void)state;
    PLAY(90, {
                 {0, SIGNAL, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {10, SIGNAL, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {20, SIGNAL, VT_STOP_KILL, VT_STOP_KILLED, -1},
                 {30, SIGNAL, VT_STOP_NOTHING, VT_STOP_KILLED, -1},
                 {31, TICK, VT_STOP_NOTHING, VT_STOP_KILLED, -1},
             });
}

static void a_short_grace_period_has_no_second_press(void **state)
{
    (void)state;
    PLAY(1, {
                {0, SIGNAL, VT_STOP_PRESS, VT_STOP_ASKED, 1000},
                {1000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
            });
}

/* A machine that slept, or was busy: all that is overdue is one step. */
static void late_ticks_wait_for_nothing(void **state)
{
    (void)state;
    PLAY(86400, {
                    {0, SIGNAL, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                    {50000, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                    {90000000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                    {99999999, TICK, VT_STOP_KILL, VT_STOP_KILLED, -1},
                });
}

static void an_overdue_wait_is_none(void **state)
{
    struct vt_stop stop;

    (void)state;
    vt_stop_init(&stop, 90);
    assert_int_equal(vt_stop_signal(&stop, T), VT_STOP_PRESS);
    assert_int_equal(vt_stop_wait(&stop, T + 500000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_while_it_runs),
        cmocka_unit_test(the_button_is_pressed_again_until_the_grace_period_is_over),
        cmocka_unit_test(further_signals_escalate),
        cmocka_unit_test(a_short_grace_period_has_no_second_press),
        cmocka_unit_test(late_ticks_wait_for_nothing),
        cmocka_unit_test(an_overdue_wait_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
