/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum what { SHUTDOWN, SAVE, POWEROFF, FAILED, TICK };

struct step {
    int64_t now; /* ms */
    enum what what;
    enum vt_stop_action action;
    enum vt_stop_state state; /* afterwards */
    int wait;                 /* likewise */
};

/* Where a clock begins does not matter. */
#define T INT64_C(5000000000)

static enum vt_stop_action take(struct vt_stop *stop, enum what what, int64_t now)
{
    switch (what) {
    case SHUTDOWN:
        return vt_stop_ask(stop, VT_HOW_SHUTDOWN, now);
    case SAVE:
        return vt_stop_ask(stop, VT_HOW_SAVE, now);
    case POWEROFF:
        return vt_stop_ask(stop, VT_HOW_POWEROFF, now);
    case FAILED:
        return vt_stop_save_failed(stop, now);
    default:
        return vt_stop_tick(stop, now);
    }
}

static void play(unsigned grace, enum vt_stop_how at_end, const struct step *steps, size_t count)
{
    struct vt_stop stop;

    vt_stop_init(&stop, grace, at_end);
    assert_int_equal(vt_stop_wait(&stop, T), -1);
    for (size_t i = 0; i < count; i++) {
        int64_t now = T + steps[i].now;
        enum vt_stop_action action = take(&stop, steps[i].what, now);

        if (action != steps[i].action || stop.state != steps[i].state ||
            vt_stop_wait(&stop, now) != steps[i].wait)
            fail_msg("step %zu: action %d, state %d, wait %d", i, action, stop.state,
                     vt_stop_wait(&stop, now));
    }
}

#define PLAY_TO(at_end, grace, ...)                                       \
    do {                                                                  \
        static const struct step steps[] = __VA_ARGS__;                   \
        play((grace), (at_end), steps, sizeof(steps) / sizeof(steps[0])); \
    } while (0)
#define PLAY(grace, ...) PLAY_TO(VT_HOW_POWEROFF, grace, __VA_ARGS__)

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
                 {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
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
                 {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {10, SHUTDOWN, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {20, SHUTDOWN, VT_STOP_KILL, VT_STOP_KILLED, -1},
                 {30, SHUTDOWN, VT_STOP_NOTHING, VT_STOP_KILLED, -1},
                 {31, TICK, VT_STOP_NOTHING, VT_STOP_KILLED, -1},
             });
}

static void a_short_grace_period_has_no_second_press(void **state)
{
    (void)state;
    PLAY(1, {
                {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 1000},
                {1000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
            });
}

/* A machine that slept, or was busy: all that is overdue is one step. */
static void late_ticks_wait_for_nothing(void **state)
{
    (void)state;
    PLAY(86400, {
                    {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                    {50000, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                    {90000000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                    {99999999, TICK, VT_STOP_KILL, VT_STOP_KILLED, -1},
                });
}

static void an_overdue_wait_is_none(void **state)
{
    struct vt_stop stop;

    (void)state;
    vt_stop_init(&stop, 90, VT_HOW_POWEROFF);
    assert_int_equal(vt_stop_ask(&stop, VT_HOW_SHUTDOWN, T), VT_STOP_PRESS);
    assert_int_equal(vt_stop_wait(&stop, T + 500000), 0);
}

static void power_off_asks_nobody(void **state)
{
    (void)state;
    PLAY(90, {
                 {0, POWEROFF, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {5000, TICK, VT_STOP_KILL, VT_STOP_KILLED, -1},
             });
    PLAY(90, {
                 {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {1, POWEROFF, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {2, POWEROFF, VT_STOP_KILL, VT_STOP_KILLED, -1},
             });
    /* QEMU is not kept from writing what it holds because docker stop was said twice. */
    PLAY(90, {
                 {0, POWEROFF, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {10, POWEROFF, VT_STOP_NOTHING, VT_STOP_FORCED, 4990},
                 {20, SHUTDOWN, VT_STOP_KILL, VT_STOP_KILLED, -1},
             });
}

static void a_save_is_hurried_by_the_second_request_only(void **state)
{
    (void)state;
    PLAY(90, {
                 {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 90000},
                 {10, SHUTDOWN, VT_STOP_NOTHING, VT_STOP_SAVING, 89990},
                 {20, SAVE, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
             });
    PLAY(90, {
                 {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 90000},
                 {10, POWEROFF, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
             });
}

static void a_failed_save_is_a_shutdown_in_the_time_that_is_left(void **state)
{
    (void)state;
    PLAY(10, {
                 {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 10000},
                 {4000, FAILED, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {7000, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                 {10000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
             });
    /* It failed once: the grace period's end does not try again, nor does a person. */
    PLAY_TO(VT_HOW_SAVE, 10,
            {
                {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 10000},
                {9000, FAILED, VT_STOP_PRESS, VT_STOP_ASKED, 1000},
                {9500, SAVE, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
            });
}

static void a_save_that_takes_too_long_is_cancelled_then_forced(void **state)
{
    (void)state;
    PLAY(10, {
                 {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 10000},
                 {10000, TICK, VT_STOP_CANCEL, VT_STOP_SAVING, 5000},
                 {10100, FAILED, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
             });
    PLAY(10, {
                 {0, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 10000},
                 {10000, TICK, VT_STOP_CANCEL, VT_STOP_SAVING, 5000},
                 {15000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
                 {15100, FAILED, VT_STOP_NOTHING, VT_STOP_FORCED, 4900},
             });
}

static void the_grace_periods_end_may_save(void **state)
{
    (void)state;
    PLAY_TO(VT_HOW_SAVE, 5,
            {
                {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                {3000, TICK, VT_STOP_PRESS, VT_STOP_ASKED, 2000},
                {5000, TICK, VT_STOP_WRITE, VT_STOP_SAVING, 60000},
                {5100, FAILED, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
            });
    PLAY_TO(VT_HOW_SAVE, 5,
            {
                {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                {100, SHUTDOWN, VT_STOP_WRITE, VT_STOP_SAVING, 60000},
            });
    /* Also when only a person's request asks for it. */
    PLAY(5, {
                {0, SHUTDOWN, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                {100, SAVE, VT_STOP_WRITE, VT_STOP_SAVING, 60000},
                {200, FAILED, VT_STOP_PRESS, VT_STOP_ASKED, 3000},
                {5000, TICK, VT_STOP_FORCE, VT_STOP_FORCED, 5000},
            });
}

static void the_time_left_is_rounded_up(void **state)
{
    struct vt_stop stop;

    (void)state;
    vt_stop_init(&stop, 90, VT_HOW_POWEROFF);
    (void)vt_stop_ask(&stop, VT_HOW_SHUTDOWN, T);
    assert_int_equal(vt_stop_left(&stop, T), 90);
    assert_int_equal(vt_stop_left(&stop, T + 1), 90);
    assert_int_equal(vt_stop_left(&stop, T + 89001), 1);
    assert_int_equal(vt_stop_left(&stop, T + 95000), 0);
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
        cmocka_unit_test(power_off_asks_nobody),
        cmocka_unit_test(a_save_is_hurried_by_the_second_request_only),
        cmocka_unit_test(a_failed_save_is_a_shutdown_in_the_time_that_is_left),
        cmocka_unit_test(a_save_that_takes_too_long_is_cancelled_then_forced),
        cmocka_unit_test(the_grace_periods_end_may_save),
        cmocka_unit_test(the_time_left_is_rounded_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
