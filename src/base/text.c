/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Longer texts are not compared. */
#define COMPARED_MAX 64

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

size_t vt_utf8_character(const char *s, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)s;
    size_t n = len > 0 ? matching(bytes, len) : 0;

    return n > 0 && n == length_of(*bytes) ? n : 0;
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

bool vt_text_is_utf8(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = vt_utf8_character(text, len);

        if (n == 0)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

bool vt_text_has_control(const char *text, size_t len, bool tab_allowed)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && !(c == '\t' && tab_allowed)) || c == 0x7f)
            return true;
    }
    return false;
}

size_t vt_text_distance(const char *a, const char *b)
{
    size_t row[COMPARED_MAX + 1], len = strlen(b);

    if (len > COMPARED_MAX || strlen(a) > COMPARED_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t best = corner + (a[i] != b[j]);

            corner = row[j + 1];
            if (best > corner + 1)
                best = corner + 1;
            if (best > row[j] + 1)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[len];
}
