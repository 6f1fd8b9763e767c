/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/text.h"

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa9", true},          /* é */
        {"\xe2\x82\xac", true},      /* € */
        {"\xf0\x9f\x94\x91", true},  /* a key */
        {"\xef\xbf\xbf", true},      /* U+FFFF */
        {"caf\xe9", false},          /* Latin-1 at the end */
        {"\xe9t\xe9", false},        /* Latin-1 before ASCII */
        {"\x80", false},             /* a follower alone */
        {"\xc0\xaf", false},         /* overlong / */
        {"\xe0\x80\xaf", false},     /* overlong / */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xe2\x82", false},         /* cut */
        {"\xff", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        if (vt_text_is_utf8(cases[i].text, strlen(cases[i].text)) != cases[i].good)
            fail_msg("case %zu", i);
    }
}

static void test_control(void **state)
{
    (void)state;
    assert_false(vt_text_has_control("a b\xc3\xa9", 5, false));
    assert_true(vt_text_has_control("a\nb", 3, true));
    assert_true(vt_text_has_control("a\0b", 3, true));
    assert_true(vt_text_has_control("a\x7f", 2, true));
    assert_true(vt_text_has_control("a\tb", 3, false));
    assert_false(vt_text_has_control("a\tb", 3, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_control),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
