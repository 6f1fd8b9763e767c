/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which base image a person means. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

struct vt_image_source {
    char *path;  /* absolute; with a URL, where the download belongs */
    bool packed; /* it is to be unpacked, by its content; not known, and false, with a URL */
    char *url;   /* to be downloaded to path first, or NULL */
};

#define VT_AUTO_IMAGE_SOURCE VT_CLEANUP(vt_image_source_done)

void vt_image_source_done(struct vt_image_source *source);

/*
 * The base image: IMAGE, else IMAGE_URL, else /image, else /image.xz, .gz, .zst or .bz2, else the
 * single file in /disk.
 * @root is put before the fixed paths: "", or a directory in tests. @ret, uninitialised before, is
 * set on success only. Errors: VT_CAUSE_NO_IMAGE, with all places that were looked at;
 * VT_CAUSE_USAGE when /disk holds several files; and those of vt_image_open().
 */
int vt_image_find(const struct vt_config *config, const char *root, struct vt_image_source *ret,
                  struct vt_error *err) VT_MUST_CHECK;
