/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompression; this file's implementation is the only one that includes libarchive. */
#pragma once

#include "base/error.h"
#include "image/progress.h"

/*
 * Where the unpacked form of the compressed image @source belongs in @data_dir: a name made of its
 * own name and its fingerprint, so that another image of the same name gets another. The caller
 * frees it.
 */
int vt_image_unpacked_path(const char *data_dir, const char *source, char **ret,
                           struct vt_error *err) VT_MUST_CHECK;

/*
 * Decompress @source (gzip, xz, zstd, bzip2) to @destination, unless that is there already. Blocks
 * of zeros become holes. @destination appears when it is whole; on failure nothing stays.
 * @cancel_fd (-1 for none), when readable, ends it with -ECANCELED and VT_CAUSE_NONE; @progress may
 * be NULL and counts compressed bytes. Other errors: VT_CAUSE_BAD_IMAGE for a damaged or cut
 * @source, VT_CAUSE_DATA_FULL, VT_CAUSE_DATA_DIR, and vt_image_open()'s.
 */
int vt_image_unpack(const char *source, const char *destination, int cancel_fd,
                    const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;
