/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* The vectors of RFC 4648, section 10, and bytes that need the last two characters. */
static const struct {
    const char *data;
    size_t len;
    const char *text;
} rows[] = {
    {"", 0, ""},
    {"f", 1, "Zg=="},
    {"fo", 2, "Zm8="},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg=="},
    {"fooba", 5, "Zm9vYmE="},
    {"foobar", 6, "Zm9vYmFy"},
    {"\xfb\xff\xbf\x00", 4, "+/+/AA=="},
};

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *text = vt_base64_encode(rows[i].data, rows[i].len);
        VT_AUTO_FREE char *data = NULL;
        size_t len = 99;

        assert_string_equal(text, rows[i].text);
        assert_int_equal(vt_base64_decode(rows[i].text, &data, &len), 0);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(data, rows[i].data, len);
        assert_int_equal(data[len], '\0');
    }
}

static void what_nobody_makes_is_refused(void **state)
{
    static const char *const texts[] = {
        "Z",        "Zg",     "Zg=",  "Zh==", "Zm9=", "Z===", "====",     "Zm=v",
        "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9*", "=m9v", "Zm-_", "Zm9vYg=a", "Zm9vYmFy="};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        char *data = NULL;
        size_t len = 99;

        if (vt_base64_decode(texts[i], &data, &len) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
        assert_null(data);
        assert_int_equal(len, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(what_nobody_makes_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
