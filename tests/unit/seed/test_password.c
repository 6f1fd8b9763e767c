/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "seed/password.h"

static void test_check(void **state)
{
    static const struct {
        const char *password;
        int result;
    } cases[] = {
        {"password", 0},     {"with space", 0}, {"\"quoted' \\", 0}, {"caf\xc3\xa9", 0},
        {"$6$salt$hash", 0}, {"random", 0},     {"yes", 0},          {"a:b", 0},
        {"two\nlines", -22}, {"tab\t", -22},    {"latin\xe9", -22},  {"R", -22},
        {"\x7f", -22},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        assert_int_equal(vt_password_check(cases[i].password, &err), cases[i].result);
        assert_int_equal(err.cause, cases[i].result ? VT_CAUSE_USAGE : VT_CAUSE_NONE);
    }
}

static void test_random(void **state)
{
    (void)state;
    assert_true(vt_password_is_random("random"));
    assert_true(vt_password_is_random("RANDOM"));
    assert_false(vt_password_is_random("randomly"));
    for (int n = 0; n < 100; n++) {
        VT_AUTO_FREE char *one = vt_password_make();
        VT_AUTO_FREE char *other = vt_password_make();

        assert_int_equal(strlen(one), 19);
        assert_int_equal(strspn(one, "abcdefghjkmnpqrstuvwxyz23456789-"), 19);
        assert_int_equal(one[4], '-');
        assert_string_not_equal(one, other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
