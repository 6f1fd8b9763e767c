/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests as people write them; a header of the room's own, for GnuTLS's types. */
#pragma once

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

/* The @len bytes of @digest in hexadecimal digits, which the caller frees. */
char *vt_hash_hex(const uint8_t *digest, size_t len);

/* End the SHA-256 @hash and return its 64 hexadecimal digits, which the caller frees. */
char *vt_hash_end(gnutls_hash_hd_t hash);

/* The SHA-256 of @len bytes, likewise. */
char *vt_hash_text(const void *data, size_t len);
