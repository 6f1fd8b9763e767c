/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file of the guest's whole disk, for others: of the overlay and the base it is on.
 *
 * It is written beside its place under a temporary name, and gets its own when it is whole.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/progress.h"

struct vt_commit {
    const char *overlay; /* path, as vt_overlay_prepare() has it; read only */
    const char *to;      /* path of the file to make; nothing may be there yet */
    const char *format;  /* of the disk: "qcow2" or "raw" */
    bool compress;       /* "qcow2" only */
    bool container_disk; /* the file is a container image with that disk (image/oci_write.h) */
};

/* "qcow2" and "raw", ended by NULL. */
extern const char *const vt_commit_formats[];

/* Whether @commit can be begun: VT_CAUSE_USAGE if something is there or its directory is not. */
int vt_commit_check(const struct vt_commit *commit, struct vt_error *err) VT_MUST_CHECK;

/*
 * Make the file. The overlay's lock is the caller's. @cancel_fd may be -1 and @progress NULL.
 * Errors, after which nothing is left: VT_CAUSE_USAGE as above, and when the file cannot be
 * written; VT_CAUSE_DATA_FULL, also when there is surely not enough room; VT_CAUSE_BAD_IMAGE;
 * VT_CAUSE_NONE with -ECANCELED.
 */
int vt_commit_make(const struct vt_commit *commit, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;
