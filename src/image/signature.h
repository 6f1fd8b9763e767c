/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP signatures of files of checksums, verified by gpgv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* No larger file is a signature, or a keyring. */
enum { VT_SIGNATURE_MAX = 65536, VT_KEYRING_MAX = 1 << 20 };

struct vt_signed {
    const char *shown; /* the address of the data, for people */
    const char *data;
    size_t len;
    const char *signature; /* NULL: it is within the data (clearsigned) */
    size_t signature_len;
    const char *keyring; /* path of a file of public keys, armored or not */
    int cancel_fd;       /* -1: none */
};

/* Whether the text @data has a signature around it. */
bool vt_signature_is_inline(const char *data);

/*
 * The SHA-256 of the keyring @path, without armor, in hexadecimal digits, which tell whose
 * signatures were verified, in *@ret, which the caller frees. -EINVAL, or another negative errno,
 * with VT_CAUSE_USAGE for what is no keyring or cannot be read.
 */
int vt_keyring_digest(const char *path, char **ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Verify that a key of the keyring signed the data. In @ret, VT_BUF_INIT() with room for it before,
 * is the signed text and nothing that may stand around it. Returns 0, -EBADMSG with VT_CAUSE_FETCH
 * when no signature is by such a key, not revoked, and has not expired, or one is wrong, -EINVAL
 * with VT_CAUSE_USAGE for what is no keyring, -ECANCELED with VT_CAUSE_NONE, or another negative
 * errno with VT_CAUSE_INTERNAL.
 */
int vt_signature_verify(const struct vt_signed *s, struct vt_buf *ret,
                        struct vt_error *err) VT_MUST_CHECK;
