/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's disk consists of, read from its data directory while a guest may run on it. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "image/record.h"

enum vt_base_state {
    VT_BASE_UNCHANGED,
    VT_BASE_CHANGED,    /* something else is at its path */
    VT_BASE_MISSING,    /* nothing is, as in a container that it was not mounted into */
    VT_BASE_UNREADABLE, /* it may not be read here */
    VT_BASE_UNKNOWN, /* nothing is recorded to compare with, as with a shell virtainer's overlay */
    VT_BASE_NONE,    /* it was flattened: it needs none */
    VT_BASE_STATE_MAX_,
};

struct vt_image_info {
    char *overlay;           /* path */
    uint64_t disk_size;      /* of the guest's disk, bytes */
    uint64_t overlay_size;   /* that the overlay takes on the file system, bytes */
    struct vt_record record; /* VT_BASE_UNKNOWN: path and perhaps format alone, by the overlay */
    enum vt_base_state state;
};

#define VT_AUTO_IMAGE_INFO VT_CLEANUP(vt_image_info_done)

void vt_image_info_done(struct vt_image_info *info);

/*
 * Read the chain of the overlay @path and compare its base with what is recorded, by fingerprint:
 * of a large image 3 MiB are read. Nothing is changed and nothing locked. @ret, uninitialised
 * before, is set on success only. Errors: VT_CAUSE_USAGE with -ENOENT when there is no overlay,
 * VT_CAUSE_BAD_IMAGE when it is none, VT_CAUSE_DATA_DIR.
 */
int vt_image_info_read(const char *path, struct vt_image_info *ret,
                       struct vt_error *err) VT_MUST_CHECK;

/* "unchanged", "changed", "missing", "unreadable", "unknown" or "none". */
const char *vt_base_state_name(enum vt_base_state state);

/* @info in a few lines for a person; the caller frees it. */
char *vt_image_info_text(const struct vt_image_info *info);

/* @info as JSON (docs/images.md); the caller frees it. */
char *vt_image_info_json(const struct vt_image_info *info);
