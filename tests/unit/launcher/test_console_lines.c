/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/console_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BEFORE "\"event\":\"console\",\"line\":"

/* The lines in @out without what is the same in all: |text| or |text|+ for a piece. */
static const char *lines_of(struct vt_buf *out)
{
    static char text[1 << 20];
    char *to = text;

    for (const char *at = vt_buf_str(out); (at = strstr(at, BEFORE)); at++) {
        const char *line = at + sizeof(BEFORE), *end = strchr(line, '\n');
        bool partial = end - line > 16 && strncmp(end - 16, ",\"partial\":true}", 16) == 0;
        size_t len = (size_t)(end - line) - (partial ? 17 : 2);

        *to++ = '|';
        memcpy(to, line, len);
        to += len;
        *to++ = '|';
        if (partial)
            *to++ = '+';
    }
    *to = '\0';
    vt_buf_done(out);
    return text;
}

static void objects(void **state)
{
    struct vt_console_lines lines = VT_CONSOLE_LINES_INIT;
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);

    (void)state;
    vt_console_lines_feed(&lines, "say \"hi\"\r\n", 10, &out);
    /* the time is vt_log_begin_object()'s */
    assert_string_equal(strchr(vt_buf_str(&out), ','),
                        ",\"event\":\"console\",\"line\":\"say \\\"hi\\\"\"}\n");
    vt_buf_done(&out);
    vt_console_lines_feed(&lines, "login: ", 7, &out);
    assert_true(vt_console_lines_pending(&lines));
    assert_int_equal(out.len, 0);
    vt_console_lines_flush(&lines, &out);
    assert_string_equal(strchr(vt_buf_str(&out), ','),
                        ",\"event\":\"console\",\"line\":\"login: \",\"partial\":true}\n");
    assert_false(vt_console_lines_pending(&lines));
    vt_buf_done(&lines.pending);
}

/* What is fed in pieces, with "~" where a flush happens, and what comes of it. */
static void pieces(void **state)
{
    static const struct {
        const char *fed[6];
        const char *expected;
    } cases[] = {
        {{"a\nb\nc\n"}, "|a||b||c|"},
        {{"a", "b", "\n"}, "|ab|"},
        {{"\n\n"}, "||||"},
        {{"a\r\r\n", "b\r", "\n"}, "|a||b|"},
        {{"10%\r20%\r\n"}, "|10%\\r20%|"},
        {{"# ", "~", "ls\r\n"}, "|# |+|ls|"},
        {{"# ", "~", "\r\n"}, "|# |+||"},
        {{"x\r", "~", "\n"}, "|x|+||"},
        {{"~", "a\n", "~"}, "|a|"},
        {{"\xe2", "~", "\x82", "~", "\xac", "~"}, "|€|+"},
        {{"a\xe2", "~", "b\n"},
         "|a|+|\xef\xbf\xbd"
         "b|"},
        {{"\x1b[0m\xff\n"}, "|\\u001b[0m\xef\xbf\xbd|"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_console_lines lines = VT_CONSOLE_LINES_INIT;
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);

        for (size_t n = 0; n < 6 && cases[i].fed[n]; n++) {
            if (vt_streq(cases[i].fed[n], "~"))
                vt_console_lines_flush(&lines, &out);
            else
                vt_console_lines_feed(&lines, cases[i].fed[n], strlen(cases[i].fed[n]), &out);
        }
        assert_string_equal(lines_of(&out), cases[i].expected);
        vt_buf_done(&lines.pending);
    }
}

/* However it is cut, nothing is lost, no piece is too long and no character torn. */
static void long_lines(void **state)
{
    static const size_t steps[] = {1, 7, 4096, 8191, 8192, 8193, 65536};
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(1 << 20);

    (void)state;
    for (int i = 0; i < 10000; i++)
        vt_buf_adds(&text, "€x");
    for (size_t i = 0; i < VT_ARRAY_SIZE(steps); i++) {
        struct vt_console_lines lines = VT_CONSOLE_LINES_INIT;
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1 << 20), joined = VT_BUF_INIT(1 << 20);
        size_t piece = 0, count = 0;

        for (size_t at = 0; at < text.len; at += steps[i])
            vt_console_lines_feed(&lines, text.data + at,
                                  steps[i] < text.len - at ? steps[i] : text.len - at, &out);
        vt_console_lines_feed(&lines, "\r\n", 2, &out);
        for (const char *at = lines_of(&out); *at; at++) {
            if (*at != '|' && *at != '+') {
                vt_buf_add(&joined, at, 1);
                piece++;
            } else {
                assert_true(piece <= VT_CONSOLE_LINE_MAX);
                count += piece > 0;
                piece = 0;
            }
        }
        assert_string_equal(vt_buf_str(&joined), vt_buf_str(&text));
        assert_int_equal(count, 5); /* of 40000 bytes */
        vt_buf_done(&lines.pending);
    }
}

/* The bound that makes room for them is one. */
static void growth(void **state)
{
    static const char worst[] = {'\n', '\x01', '"', 'x', '\xff'};

    (void)state;
    for (size_t i = 0; i < sizeof(worst); i++) {
        struct vt_console_lines lines = VT_CONSOLE_LINES_INIT;
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1 << 20);
        char text[4096];

        memset(text, '\x01', sizeof(text));
        vt_console_lines_feed(&lines, text, sizeof(text), &out);
        vt_console_lines_feed(&lines, text, sizeof(text) - 1, &out);
        assert_int_equal(out.len, 0);
        memset(text, worst[i], sizeof(text));
        vt_console_lines_feed(&lines, text, sizeof(text), &out);
        assert_in_range(out.len, 0, vt_console_lines_growth(sizeof(text)));
        vt_buf_done(&lines.pending);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects),
        cmocka_unit_test(pieces),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
