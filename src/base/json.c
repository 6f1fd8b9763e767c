/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

/* How long the character is that begins with @first, or 0 if none does. */
static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Whether @second may follow @first: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool fits(unsigned char first, unsigned char second)
{
    unsigned char min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    return second >= min && second <= max;
}

/* How many of the @len bytes at @s are the beginning of one character; at least 1, or 0 if none
 * begins here. */
static size_t matching(const unsigned char *s, size_t len)
{
    size_t wanted = length_of(s[0]), n = 1;

    if (wanted == 0)
        return 0;
    if (wanted > 1 && len > 1 && fits(s[0], s[1]))
        n = 2;
    while (n >= 2 && n < wanted && n < len && (s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

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
        n = matching(at, (size_t)(end - at));
        if (n == 0 || n < length_of(*at)) {
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

size_t vt_utf8_unfinished(const char *s, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)s;

    for (size_t n = 1; n <= 3 && n <= len; n++) {
        const unsigned char *first = bytes + len - n;
        size_t wanted = length_of(*first);

        if (wanted > n && matching(first, n) == n)
            return n;
        if (wanted > 0)
            break;
    }
    return 0;
}
