/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/rate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static const struct {
    const char *text;
    unsigned count, unit; /* 0: it is refused */
} cases[] = {
    {"10/minute", 10, 60},
    {"1/second", 1, 1},
    {"1000/hour", 1000, 3600},
    {"3/day", 3, 86400},
    {"", 0, 0},
    {"10", 0, 0},
    {"/minute", 0, 0},
    {"10/", 0, 0},
    {"0/minute", 0, 0},
    {"1001/minute", 0, 0},
    {"18446744073709551617/minute", 0, 0},
    {"-1/minute", 0, 0},
    {"+1/minute", 0, 0},
    {"1.5/minute", 0, 0},
    {"10 /minute", 0, 0},
    {"10/minutes", 0, 0},
    {"10/Minute", 0, 0},
    {"10/minute ", 0, 0},
    {"10/minute/second", 0, 0},
    {"10/minute } drop", 0, 0},
};

static void it_is_understood_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *wrong = NULL;
        VT_AUTO_FREE char *again = NULL;
        struct vt_rate rate = {0};
        int r = vt_rate_parse(cases[i].text, &rate, &wrong);

        assert_int_equal(r, cases[i].count ? 0 : -EINVAL);
        assert_int_equal(rate.count, cases[i].count);
        assert_int_equal(rate.unit, cases[i].unit);
        again = vt_rate_text(&rate);
        if (r == 0)
            assert_string_equal(again, cases[i].text);
        else
            assert_non_null(strstr(wrong, "such as 10/minute"));
    }
}

static void none_is_no_text(void **state)
{
    const struct vt_rate none = {0};
    VT_AUTO_FREE char *text = vt_rate_text(&none);

    (void)state;
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_understood_or_refused),
        cmocka_unit_test(none_is_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
