/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void set_makes_code_negative(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_error_set(&err, VT_CAUSE_SEED, EINVAL, "%s is %d", "x", 3), -EINVAL);
    assert_string_equal(err.msg, "x is 3");
    assert_int_equal(err.cause, VT_CAUSE_SEED);
    /* set again: replaced, not leaked */
    assert_int_equal(vt_error_set(&err, VT_CAUSE_USAGE, -EIO, "y"), -EIO);
    assert_string_equal(err.msg, "y");
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
}

static void errno_adds_the_reason(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_error_errno(&err, VT_CAUSE_DATA_DIR, ENOENT, "cannot open %s", "/x"),
                     -ENOENT);
    assert_string_equal(err.msg, "cannot open /x: No such file or directory");
    assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
}

static void no_error_is_wanted(void **state)
{
    struct vt_error from = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_error_set(NULL, VT_CAUSE_SEED, -EINVAL, "x"), -EINVAL);
    assert_int_equal(vt_error_errno(NULL, VT_CAUSE_SEED, EIO, "x"), -EIO);
    (void)vt_error_set(&from, VT_CAUSE_SEED, -EINVAL, "x");
    vt_error_move(NULL, &from);
    assert_null(from.msg);
    assert_int_equal(from.cause, VT_CAUSE_NONE);
}

static void move_empties_its_source(void **state)
{
    VT_AUTO_ERROR struct vt_error to = VT_ERROR_INIT;
    struct vt_error from = VT_ERROR_INIT;

    (void)state;
    (void)vt_error_set(&to, VT_CAUSE_USAGE, -EINVAL, "old");
    (void)vt_error_set(&from, VT_CAUSE_SEED, -EINVAL, "new");
    vt_error_move(&to, &from);
    assert_string_equal(to.msg, "new");
    assert_int_equal(to.cause, VT_CAUSE_SEED);
    assert_null(from.msg);
    assert_int_equal(from.cause, VT_CAUSE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_makes_code_negative),
        cmocka_unit_test(errno_adds_the_reason),
        cmocka_unit_test(no_error_is_wanted),
        cmocka_unit_test(move_empties_its_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
