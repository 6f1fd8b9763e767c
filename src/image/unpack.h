/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a disk image of what it was packed in: compression, a tar archive, or both. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "image/input.h"
#include "image/progress.h"

/* The name @path without the suffixes that tell how it is packed (".tar.xz"); the caller frees it.
 */
char *vt_image_plain_path(const char *path);

/*
 * Where the unpacked form of the packed image @source belongs in @data_dir: a name made of its
 * own name and its fingerprint, so that another image of the same name gets another. The caller
 * frees it.
 */
int vt_image_unpacked_path(const char *data_dir, const char *source, char **ret,
                           struct vt_error *err) VT_MUST_CHECK;

/*
 * Decompress @source (gzip, xz, zstd, bzip2) to @destination, unless that is there already; of a
 * tar archive, compressed or not, the one disk image in it. Blocks of zeros become holes.
 * @destination appears when it is whole; on failure nothing stays. @cancel_fd (-1 for none), when
 * readable, ends it with -ECANCELED and VT_CAUSE_NONE; @progress may be NULL and counts bytes of
 * @source. Other errors: VT_CAUSE_BAD_IMAGE for a damaged or cut @source and for an archive with no
 * disk image or several, VT_CAUSE_DATA_FULL, VT_CAUSE_DATA_DIR, and vt_image_open()'s.
 */
int vt_image_unpack(const char *source, const char *destination, int cancel_fd,
                    const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;

/* One unpacking into a file that is there already, and empty. */
struct vt_unpack {
    const char *source; /* for people */
    const struct vt_input *input;
    uint64_t size;           /* of the input, for progress; 0: not known */
    const char *destination; /* for people: what @out is */
    int out;
    int cancel_fd;                      /* -1: none */
    const struct vt_progress *progress; /* or NULL */
    char **ret_digest; /* NULL: not asked for. Of the image, the SHA-256 in 64 digits, which the
                          caller frees; NULL if it was not written in order, or has a hole of
                          more than 1 GiB */
};

/* Do it; errors as above, for the input's content and the writing. What @out holds then is not
 * synced, or, after an error, of no use. */
int vt_unpack_run(const struct vt_unpack *wanted, struct vt_error *err) VT_MUST_CHECK;
