/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include "base/text.h"

static void add_escaped(struct vt_buf *out, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        vt_buf_add(out, (char[]){'\\', (char)c}, 2);
        break;
    case '\n':
        vt_buf_add(out, "\\n", 2);
        break;
    case '\r':
        vt_buf_add(out, "\\r", 2);
        break;
    case '\t':
        vt_buf_add(out, "\\t", 2);
        break;
    default:
        vt_buf_addf(out, "\\u%04x", c);
        break;
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void vt_json_add_string(struct vt_buf *out, const char *s, size_t len)
{
    const unsigned char *at = (const unsigned char *)s, *end = at + len;

    vt_buf_add(out, "\"", 1);
    while (at < end) {
        const unsigned char *from = at;
        size_t n;

        while (at < end && is_plain(*at))
            at++;
        if (at > from)
            vt_buf_add(out, from, (size_t)(at - from));
        if (at == end)
            break;
        n = vt_utf8_character((const char *)at, (size_t)(end - at));
        if (n == 0) {
            vt_buf_add(out, "\xef\xbf\xbd", 3);
            n = 1;
        } else if (n > 1) {
            vt_buf_add(out, at, n);
        } else {
            add_escaped(out, *at);
        }
        at += n;
    }
    vt_buf_add(out, "\"", 1);
}
