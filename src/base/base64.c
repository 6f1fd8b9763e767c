/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *vt_base64_encode(const void *data, size_t len)
{
    const unsigned char *in = data;
    char *text = vt_calloc((len + 2) / 3 * 4 + 1, 1);
    char *out = text;

    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)in[i] << 16;

        bits |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        bits |= have > 2 ? (uint32_t)in[i + 2] : 0;
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = (char)(have > 1 ? alphabet[bits >> 6 & 63] : '=');
        *out++ = (char)(have > 2 ? alphabet[bits & 63] : '=');
    }
    return text;
}

/* The six bits that @c stands for, or -1. */
static int value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : (c == '/' ? 63 : -1);
}

/* Four characters as up to three bytes. Returns how many, or -1. */
static int decode_group(const char *in, bool last, char *out)
{
    int padding = last ? (in[3] == '=') + (in[3] == '=' && in[2] == '=') : 0;
    uint32_t bits = 0;

    for (int i = 0; i < 4; i++) {
        int six = i < 4 - padding ? value(in[i]) : 0;

        if (six < 0)
            return -1;
        bits = bits << 6 | (uint32_t)six;
    }
    /* Bits that stand for nothing are zero. */
    if ((padding == 1 && (bits & 0xff)) || (padding == 2 && (bits & 0xffff)))
        return -1;
    for (int i = 0; i < 3 - padding; i++)
        out[i] = (char)(bits >> (16 - 8 * i) & 0xff);
    return 3 - padding;
}

int vt_base64_decode(const char *text, char **ret, size_t *ret_len)
{
    size_t len = strlen(text), done = 0;
    VT_AUTO_FREE char *data = NULL;

    if (len % 4 != 0)
        return -EBADMSG;
    data = vt_calloc(len / 4 * 3 + 1, 1);
    for (size_t i = 0; i < len; i += 4) {
        int n = decode_group(text + i, i + 4 == len, data + done);

        if (n < 0)
            return -EBADMSG;
        done += (size_t)n;
    }
    *ret = VT_TAKE_PTR(data);
    *ret_len = done;
    return 0;
}
