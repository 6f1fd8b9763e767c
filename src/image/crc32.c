/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Eight bytes at a time by as many tables ("slicing by 8", Kounavis and Berry 2005). */
#include "image/crc32.h"

#include <stdbool.h>

#define POLYNOMIAL UINT32_C(0xedb88320)

enum { SLICES = 8 };

static uint32_t tables[SLICES][256];

static void make_tables(void)
{
    static bool made;

    if (made)
        return;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][i] = crc;
    }
    for (int slice = 1; slice < SLICES; slice++) {
        for (int i = 0; i < 256; i++) {
            uint32_t crc = tables[slice - 1][i];

            tables[slice][i] = crc >> 8 ^ tables[0][crc & 0xff];
        }
    }
    made = true;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t vt_crc32(uint32_t crc, const uint8_t *data, size_t len)
{
    make_tables();
    crc = ~crc;
    for (; len >= SLICES; data += SLICES, len -= SLICES) {
        uint32_t low = crc ^ le32(data), high = le32(data + 4);

        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
              tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
              tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
    }
    for (; len > 0; data++, len--)
        crc = crc >> 8 ^ tables[0][(crc ^ *data) & 0xff];
    return ~crc;
}
