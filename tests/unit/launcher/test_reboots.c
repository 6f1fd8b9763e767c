/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/reboots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define REBOOTS "the guest reboots"
#define LOOPS                                                                                    \
    "the guest reboots again and again: its console tells why; from now on this is said once a " \
    "minute"

static void assert_says(struct vt_repeats *reboots, int64_t now, const char *expected)
{
    bool warning = false;
    VT_AUTO_FREE char *text = vt_reboots_note(reboots, now, &warning);

    if (!expected) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(warning, !vt_streq(expected, REBOOTS));
}

static void each_of_a_few_is_told(void **state)
{
    struct vt_repeats reboots = {0};

    (void)state;
    for (int64_t hour = 0; hour < 10; hour++) {
        assert_says(&reboots, hour * 3600000, REBOOTS);
        assert_says(&reboots, hour * 3600000 + 20000, REBOOTS);
        assert_says(&reboots, hour * 3600000 + 40000, REBOOTS);
    }
}

static void a_loop_is_told_once_a_minute(void **state)
{
    struct vt_repeats reboots = {0};
    unsigned said = 0;

    (void)state;
    assert_says(&reboots, 1000, REBOOTS);
    assert_says(&reboots, 1200, REBOOTS);
    assert_says(&reboots, 1400, REBOOTS);
    assert_says(&reboots, 1600, LOOPS);
    for (int64_t now = 1800; now < 61000; now += 200)
        assert_says(&reboots, now, NULL);
    assert_says(&reboots, 61000,
                "the guest still reboots again and again, 300 times within a minute");
    for (int64_t now = 61200; now < 61000 + 3600 * 1000; now += 200) {
        bool warning;
        VT_AUTO_FREE char *text = vt_reboots_note(&reboots, now, &warning);

        said += text != NULL;
    }
    assert_int_equal(said, 59);
}

static void after_a_loop_all_is_told_again(void **state)
{
    struct vt_repeats reboots = {0};

    (void)state;
    for (int64_t now = 0; now < 90000; now += 200) {
        bool warning;

        free(vt_reboots_note(&reboots, now, &warning));
    }
    /* an hour later */
    assert_says(&reboots, 3600000, REBOOTS);
    assert_says(&reboots, 3600200, REBOOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_a_few_is_told),
        cmocka_unit_test(a_loop_is_told_once_a_minute),
        cmocka_unit_test(after_a_loop_all_is_told_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
