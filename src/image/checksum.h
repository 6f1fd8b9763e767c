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

/*
 * Look @name up in the @len bytes at @sums: lines "DIGEST  NAME" and "DIGEST *NAME" as sha256sum
 * and sha512sum write them, where the length tells the algorithm, and "SHA256 (NAME) = DIGEST" as
 * BSD has it; a file that holds one digest and nothing else is of any name. With @own, which says
 * that the file is of this image alone, its one checksum counts also under another name: where an
 * image is a link to the newest one, the newest one's name is there. Other lines (comments, a
 * signature around it, MD5) do not count; of both algorithms SHA-512 is taken. Errors, with
 * VT_CAUSE_FETCH and a message to follow the file's name: -ENOENT when @name is not there, -EEXIST
 * when it is there with two different digests.
 */
int vt_checksum_find(const char *sums, size_t len, const char *name, bool own,
                     struct vt_checksum *ret, struct vt_error *err) VT_MUST_CHECK;
