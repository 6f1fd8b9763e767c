/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CRC-32 of gzip (RFC 1952 8, ISO 3309). libarchive does not compare it, so a damaged .gz would
 * pass unseen. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The CRC of what had the CRC @crc (0 for nothing) followed by @len bytes of @data. About 1.5 GB/s.
 */
uint32_t vt_crc32(uint32_t crc, const uint8_t *data, size_t len);
