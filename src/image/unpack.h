/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a disk image of what it was packed in: compression, a tar archive, or both. */
#pragma once

#include "base/error.h"
#include "image/progress.h"

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
