/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that lies between what a person asked for and a base image that an overlay can be made on. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "image/probe.h"
#include "image/progress.h"

/*
 * Find the base image (vt_image_find()), download and unpack it into the cache if there is one
 * (image/cache.h), else into the data directory, if it needs that, and describe it
 * (vt_base_probe()). @root and @ret are as there; @cancel_fd may be -1 and
 * @progress NULL. What was downloaded or unpacked in vain, because it is no disk image or damaged,
 * is removed, so that the next start gets it anew; so is the beginning of another URL's download.
 */
int vt_image_obtain(const struct vt_config *config, const char *root, int cancel_fd,
                    const struct vt_progress *progress, struct vt_base *ret,
                    struct vt_error *err) VT_MUST_CHECK;

/* Whether the data directory @data_dir has the beginning of a download, for the next start to go on
 * with. */
bool vt_image_obtain_is_begun(const char *data_dir);
