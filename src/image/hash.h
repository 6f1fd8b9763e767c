/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 as people write it; a header of the room's own, for GnuTLS's types. */
#pragma once

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stddef.h>

/* End the SHA-256 @hash and return its 64 hexadecimal digits, which the caller frees. */
char *vt_hash_end(gnutls_hash_hd_t hash);

/* The SHA-256 of @len bytes, likewise. */
char *vt_hash_text(const void *data, size_t len);
