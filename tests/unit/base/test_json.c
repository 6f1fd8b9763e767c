/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#define BAD "\xef\xbf\xbd"

static void strings(void **state)
{
    static const struct {
        const char *bytes;
        const char *json;
    } cases[] = {
        {"", ""},
        {"plain ~ text", "plain ~ text"},
        {"\"quoted\" \\ /", "\\\"quoted\\\" \\\\ /"},
        {"\n\r\t\b\x1b[0m\x01\x7f", "\\n\\r\\t\\u0008\\u001b[0m\\u0001\\u007f"},
        {"ä€😀", "ä€😀"},
        /* the first and last of each length */
        {"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
        {"\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf"},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        /* Latin 1, a lone byte in the middle and at the end, two beginnings */
        {"gr\xfcn", "gr" BAD "n"},
        {"\x80x\xbf", BAD "x" BAD},
        {"\xe2\x82", BAD BAD},
        {"\xe2\x82\xe2\x82\xac", BAD BAD "€"},
        {"\xf0\x9f\x98", BAD BAD BAD},
        {"\xc3\"", BAD "\\\""},
        /* overlong forms, a surrogate, more than Unicode has */
        {"\xc0\xaf", BAD BAD},
        {"\xe0\x9f\xbf", BAD BAD BAD},
        {"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
        {"\xed\xa0\x80", BAD BAD BAD},
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
        {"\xfe\xff", BAD BAD},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1024);
        VT_AUTO_FREE char *expected = vt_fmt("\"%s\"", cases[i].json);

        vt_json_add_string(&out, cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(vt_buf_str(&out), expected);
    }
}

static void a_nul_is_a_character(void **state)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1024);

    (void)state;
    vt_json_add_string(&out, "a\0b", 3);
    assert_string_equal(vt_buf_str(&out), "\"a\\u0000b\"");
}

static void unfinished_characters(void **state)
{
    static const struct {
        const char *bytes;
        size_t unfinished;
    } cases[] = {
        {"", 0},
        {"a", 0},
        {"ä", 0},
        {"\xc3", 1},
        {"x\xe2", 1},
        {"x\xe2\x82", 2},
        {"€", 0},
        {"\xf0\x9f", 2},
        {"xx\xf0\x9f\x98", 3},
        {"😀", 0},
        {"\xf0\x9f\x98", 3},
        {"\x80\x80\x80", 0},
        {"\xff", 0},
        {"\xe0\x80", 0},
        {"\xe2\x82x", 0},
        {"\xed\xa0", 0},
        {"ä\xf4\x8f", 2},
        {"\xe2\x82\xac\x82", 0},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++)
        assert_int_equal(vt_utf8_unfinished(cases[i].bytes, strlen(cases[i].bytes)),
                         cases[i].unfinished);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(a_nul_is_a_character),
        cmocka_unit_test(unfinished_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
