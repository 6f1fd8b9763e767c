/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/hash.h"

#include "base/str.h"

enum { SHA256_SIZE = 32 };

char *vt_hash_hex(const uint8_t *digest, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = vt_calloc(2 * len + 1, 1);

    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return hex;
}

char *vt_hash_end(gnutls_hash_hd_t hash)
{
    uint8_t digest[SHA256_SIZE];

    gnutls_hash_deinit(hash, digest);
    return vt_hash_hex(digest, sizeof(digest));
}

char *vt_hash_text(const void *data, size_t len)
{
    uint8_t digest[SHA256_SIZE] = {0};

    (void)gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, digest);
    return vt_hash_hex(digest, sizeof(digest));
}
