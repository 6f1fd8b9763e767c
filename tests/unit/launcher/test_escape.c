/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/escape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void characters(void **state)
{
    static const struct {
        const char *text;
        int character; /* -2: refused */
        const char *name;
    } cases[] = {
        {"^]", 0x1d, "Ctrl-]"}, {"^A", 1, "Ctrl-A"},  {"^a", 1, "Ctrl-A"}, {"^@", 0, "Ctrl-@"},
        {"^_", 0x1f, "Ctrl-_"}, {"none", -1, "none"}, {"", -2, NULL},      {"a", -2, NULL},
        {"^", -2, NULL},        {"^AB", -2, NULL},    {"^1", -2, NULL},    {"^~", -2, NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        int character = -2;
        int r = vt_escape_parse(cases[i].text, &character);
        VT_AUTO_FREE char *name = NULL;

        assert_int_equal(r, cases[i].character == -2 ? -EINVAL : 0);
        assert_int_equal(character, cases[i].character);
        if (r < 0)
            continue;
        name = vt_escape_name(character);
        assert_string_equal(name, cases[i].name);
    }
}

/* All that is typed, in pieces of @step; the actions are L, S and H among what is for the guest. */
static const char *feed(int character, const char *text, size_t step)
{
    static char result[256];
    struct vt_escape escape = {.character = character};
    char *to = result;

    for (size_t at = 0; at < strlen(text);) {
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(256);
        enum vt_escape_action action;
        size_t left = strlen(text) - at;
        size_t used = vt_escape_feed(&escape, text + at, step < left ? step : left, &out, &action);

        memcpy(to, vt_buf_str(&out), out.len);
        to += out.len;
        if (action != VT_ESCAPE_NOTHING)
            *to++ = "?LSH"[action];
        at += used;
    }
    *to = '\0';
    return result;
}

static void typing(void **state)
{
    static const struct {
        int character;
        const char *typed;
        const char *result;
    } cases[] = {
        {0x1d, "ls q.\r", "ls q.\r"},
        {0x1d, "a\x1dqb", "aLb"},
        {0x1d, "\x1d.", "L"},
        {0x1d, "\x1d\x1d", "L"},
        {0x1d, "a\x1dwb\x1d?c", "aSbHc"},
        {0x1d, "\x1dx\x1d\r", "HH"},
        {0x1d, "a\x1d]b",
         "a\x1d"
         "b"},
        {0x1d, "a\x1d", "a"},
        {1, "\x1dq\x01q", "\x1dqL"},
        {1, "\x01]", "\x01"},
        {VT_ESCAPE_NONE, "\x1dq\x01q\xff", "\x1dq\x01q\xff"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        for (size_t step = 1; step < 8; step++)
            assert_string_equal(feed(cases[i].character, cases[i].typed, step), cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters),
        cmocka_unit_test(typing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
