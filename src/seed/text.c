/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/text.h"

#include <stdint.h>

/* How many bytes follow the first byte @c of a character, or -1; *@ret_min is the least code point
 * of that length. */
static int followers(unsigned char c, uint32_t *ret_min)
{
    if (c < 0x80) {
        *ret_min = 0;
        return 0;
    }
    if ((c & 0xe0) == 0xc0) {
        *ret_min = 0x80;
        return 1;
    }
    if ((c & 0xf0) == 0xe0) {
        *ret_min = 0x800;
        return 2;
    }
    if ((c & 0xf8) == 0xf0) {
        *ret_min = 0x10000;
        return 3;
    }
    return -1;
}

bool vt_text_is_utf8(const char *text, size_t len)
{
    static const unsigned char mask[] = {0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < len; i++) {
        uint32_t min, code;
        int more = followers(s[i], &min);

        if (more < 0 || (size_t)more >= len - i)
            return false;
        code = s[i] & mask[more];
        for (; more > 0; more--) {
            i++;
            if ((s[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (s[i] & 0x3f);
        }
        if (code < min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
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
