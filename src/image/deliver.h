/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A base image as a file of its own, for who bakes it into a container image. */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "image/probe.h"
#include "image/progress.h"

/*
 * Download the image_url of @config, with its image_checksum, unpack it if it is packed, and put it
 * at @destination, which must not be there; mode 0644. All is done in the directory ".NAME.fetch"
 * beside it, NAME being the destination's: the file appears when it is whole, and a download that
 * was interrupted is gone on with by the next call. @cancel_fd may be -1 and @progress NULL; @ret
 * describes the file. Errors: VT_CAUSE_USAGE, VT_CAUSE_INTERNAL when @config names a file instead,
 * and those of vt_image_obtain().
 */
int vt_image_deliver(const struct vt_config *config, const char *destination, int cancel_fd,
                     const struct vt_progress *progress, struct vt_base *ret,
                     struct vt_error *err) VT_MUST_CHECK;
