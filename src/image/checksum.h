/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums as people give them, and the files in which distributions publish them. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum vt_digest { VT_DIGEST_SHA256, VT_DIGEST_SHA512, VT_DIGEST_MAX_ };

enum { VT_CHECKSUM_DIGITS_MAX = 128 };

/* No larger file is one of checksums. */
enum { VT_CHECKSUMS_MAX = 1 << 20 };

struct vt_checksum {
    enum vt_digest digest;
    char hex[VT_CHECKSUM_DIGITS_MAX + 1]; /* in lower case */
};

/* "sha256", "sha512". */
const char *vt_digest_name(enum vt_digest digest);

/* Parse "sha256:" and 64, or "sha512:" and 128 hexadecimal digits. Returns 0 or -EINVAL. */
int vt_checksum_parse(const char *text, struct vt_checksum *ret) VT_MUST_CHECK;

/* Which names count in a file of checksums. */
enum vt_sums {
    VT_SUMS_NAMED, /* only the one that is looked up: a signature vouches for that name */
    VT_SUMS_ANY,   /* also none, if the file holds one digest and nothing else */
    VT_SUMS_OWN,   /* and, the file being of this image alone, another whose checksum is the only
                      one: where an image is a link to the newest one, that one's name is there */
};

/*
 * Look @name up in the @len bytes at @sums: lines "DIGEST  NAME" and "DIGEST *NAME" as sha256sum
 * and sha512sum write them, where the length tells the algorithm, and "SHA256 (NAME) = DIGEST" as
 * BSD has it; what else counts @kind says. Other lines (comments, a signature around it, MD5) do
 * not count; of both algorithms SHA-512 is taken. Errors, with VT_CAUSE_FETCH and a message to
 * follow the file's name: -ENOENT when @name is not there, -EEXIST when it is there with two
 * different digests.
 */
int vt_checksum_find(const char *sums, size_t len, const char *name, enum vt_sums kind,
                     struct vt_checksum *ret, struct vt_error *err) VT_MUST_CHECK;
