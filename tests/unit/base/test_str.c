/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
/* What a result is before the call, and still is after one that fails. */
#define UNTOUCHED UINT64_C(424242)

static void check(const char *text, int r, int expected_r, uint64_t value, uint64_t expected)
{
    if (r != expected_r)
        fail_msg("'%s': %d instead of %d", text, r, expected_r);
    if (value != (r < 0 ? UNTOUCHED : expected))
        fail_msg("'%s': %" PRIu64, text, value);
}

static void parse_u64(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        int r;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0, 0},
        {"0", 10, 0, 0},
        {"00012", 100, 0, 12},
        {"10", 10, 0, 10},
        {"11", 10, -ERANGE, 0},
        {"1", 0, -ERANGE, 0},
        {"9", 5, -ERANGE, 0},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"9223372036854775808", INT64_MAX, -ERANGE, 0},
        {"", 10, -EINVAL, 0},
        {" 1", 10, -EINVAL, 0},
        {"1 ", 10, -EINVAL, 0},
        {"1\n", 10, -EINVAL, 0},
        {"+1", 10, -EINVAL, 0},
        {"-1", UINT64_MAX, -EINVAL, 0},
        {"1.5", 10, -EINVAL, 0},
        {"0x10", 100, -EINVAL, 0},
        {"1e3", 10000, -EINVAL, 0},
        {"\xd9\xa1", 10, -EINVAL, 0}, /* an Arabic one */
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        uint64_t value = UNTOUCHED;
        int r = vt_parse_u64(cases[i].text, cases[i].max, &value);

        check(cases[i].text, r, cases[i].r, value, cases[i].value);
    }
}

static void parse_size(void **state)
{
    static const struct {
        const char *text;
        int r;
        uint64_t value;
    } cases[] = {
        {"5", 0, 5 * MIB},
        {"0", 0, 0},
        {"1K", 0, KIB},
        {"2m", 0, 2 * MIB},
        {"3MB", 0, 3 * MIB},
        {"3MiB", 0, 3 * MIB},
        {"3mib", 0, 3 * MIB},
        {"4G", 0, 4 * GIB},
        {"4gb", 0, 4 * GIB},
        {"1T", 0, TIB},
        {"8388607T", 0, 8388607 * TIB},
        {"8388608T", -ERANGE, 0},
        {"8796093022207", 0, 8796093022207 * MIB},
        {"8796093022208", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"G", -EINVAL, 0},
        {"abc", -EINVAL, 0},
        {"1.5G", -EINVAL, 0},
        {"-1G", -EINVAL, 0},
        {"1 G", -EINVAL, 0},
        {"1GG", -EINVAL, 0},
        {"1Gi", -EINVAL, 0},
        {"1GiBs", -EINVAL, 0},
        {"1P", -EINVAL, 0},
        {"1B", -EINVAL, 0},
        {"99999999999999999999x", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        uint64_t value = UNTOUCHED;
        int r = vt_parse_size(cases[i].text, MIB, &value);

        check(cases[i].text, r, cases[i].r, value, cases[i].value);
    }
}

static void size_text(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 bytes"},
        {1023, "1023 bytes"},
        {KIB, "1 KiB"},
        {KIB + 512, "1.5 KiB"},
        {MIB - 1, "1023.9 KiB"},
        {MIB, "1 MiB"},
        {512 * MIB, "512 MiB"},
        {40 * GIB, "40 GiB"},
        {40 * GIB + 1, "40 GiB"},
        {GIB + 103 * MIB, "1.1 GiB"},
        {3 * TIB, "3 TiB"},
        {5000 * TIB, "5000 TiB"},
        {UINT64_MAX, "16777215.9 TiB"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *text = vt_size_text(cases[i].bytes);

        assert_string_equal(text, cases[i].text);
    }
}

static void buf_is_always_a_string(void **state)
{
    VT_AUTO_BUF struct vt_buf buf = VT_BUF_INIT(1 << 20);
    VT_AUTO_FREE char *taken = NULL;
    VT_AUTO_FREE char *nothing = NULL;

    (void)state;
    assert_string_equal(vt_buf_str(&buf), "");
    vt_buf_add(&buf, "", 0);
    assert_string_equal(vt_buf_str(&buf), "");
    vt_buf_add(&buf, "ab\0c", 4);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "ab\0c", 5);
    vt_buf_adds(&buf, "d");
    vt_buf_addf(&buf, "%d", 12);
    assert_memory_equal(buf.data, "ab\0cd12", 8);
    taken = vt_buf_take(&buf);
    assert_memory_equal(taken, "ab\0cd12", 8);
    assert_int_equal(buf.len, 0);
    nothing = vt_buf_take(&buf);
    assert_string_equal(nothing, "");
    /* and it can be used again */
    vt_buf_adds(&buf, "again");
    assert_string_equal(vt_buf_str(&buf), "again");
}

static void buf_keeps_its_limit(void **state)
{
    VT_AUTO_BUF struct vt_buf buf = VT_BUF_INIT(10);
    VT_AUTO_BUF struct vt_buf none = VT_BUF_INIT(0);

    (void)state;
    vt_buf_adds(&buf, "0123456789");
    assert_false(buf.overflowed);
    vt_buf_adds(&buf, "x");
    assert_true(buf.overflowed);
    assert_string_equal(buf.data, "0123456789");
    for (int i = 0; i < 100000; i++)
        vt_buf_adds(&buf, "flood");
    assert_int_equal(buf.len, 10);
    assert_true(buf.allocated <= 64);
    vt_buf_done(&buf);
    assert_false(buf.overflowed);
    vt_buf_adds(&buf, "0123456789abc");
    assert_true(buf.overflowed);
    assert_string_equal(buf.data, "0123456789");
    vt_buf_adds(&none, "x");
    assert_true(none.overflowed);
    assert_string_equal(vt_buf_str(&none), "");
}

static void buf_grows(void **state)
{
    VT_AUTO_BUF struct vt_buf buf = VT_BUF_INIT(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        vt_buf_add(&buf, &"0123456789"[i % 10], 1);
    assert_int_equal(buf.len, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], '0' + (char)(i % 10));
}

static void small_ones(void **state)
{
    char *target = NULL;

    (void)state;
    assert_null(vt_strdup(NULL));
    assert_true(vt_streq("", ""));
    assert_false(vt_streq("a", "ab"));
    assert_true(vt_startswith("abc", "ab"));
    assert_true(vt_startswith("abc", ""));
    assert_false(vt_startswith("ab", "abc"));
    vt_str_replace(&target, vt_strdup("one"));
    vt_str_replace(&target, vt_strndup("twos", 3));
    assert_string_equal(target, "two");
    vt_str_replace(&target, NULL);
    assert_null(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_u64),           cmocka_unit_test(parse_size),
        cmocka_unit_test(size_text),           cmocka_unit_test(buf_is_always_a_string),
        cmocka_unit_test(buf_keeps_its_limit), cmocka_unit_test(buf_grows),
        cmocka_unit_test(small_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
