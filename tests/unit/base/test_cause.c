/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_status_is_its_own(void **state)
{
    (void)state;
    for (enum vt_cause a = 0; a < VT_CAUSE_MAX_; a++) {
        for (enum vt_cause b = 0; b < a; b++) {
            assert_int_not_equal(vt_cause_exit_status(a), vt_cause_exit_status(b));
            assert_string_not_equal(vt_cause_meaning(a), vt_cause_meaning(b));
        }
    }
}

/* 125 to 127 are docker's and podman's, 126 and above the shell's. */
static void no_status_is_an_engines(void **state)
{
    (void)state;
    for (enum vt_cause a = 0; a < VT_CAUSE_MAX_; a++)
        assert_in_range(vt_cause_exit_status(a), 0, 124);
}

/* What scripts rely on: a changed number breaks them. */
static void the_numbers_stay(void **state)
{
    static const int numbers[] = {0,  1,  2,  10, 11, 12, 13, 20, 21, 22, 23, 30,
                                  40, 41, 50, 60, 70, 71, 72, 80, 81, 82, 83, 84};

    (void)state;
    assert_true(sizeof(numbers) / sizeof(numbers[0]) >= VT_CAUSE_MAX_);
    for (enum vt_cause a = 0; a < VT_CAUSE_MAX_; a++)
        assert_int_equal(vt_cause_exit_status(a), numbers[a]);
}

/* They stand in a Markdown table and in lines of --help. */
static void a_meaning_fits_into_a_table(void **state)
{
    (void)state;
    for (enum vt_cause a = 0; a < VT_CAUSE_MAX_; a++) {
        const char *meaning = vt_cause_meaning(a);

        assert_in_range(strlen(meaning), 1, 80);
        assert_null(strpbrk(meaning, "|\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_is_its_own),
        cmocka_unit_test(no_status_is_an_engines),
        cmocka_unit_test(the_numbers_stay),
        cmocka_unit_test(a_meaning_fits_into_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
