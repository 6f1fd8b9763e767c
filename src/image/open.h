/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what a person gave as an image, and saying what is wrong with it when that fails. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Open the image @path for reading; its size in bytes in @ret_size. It may be a file or a block
 * device. Returns a descriptor, or a negative errno: VT_CAUSE_NO_IMAGE when nothing or a directory
 * is there, VT_CAUSE_IMAGE_UNREADABLE when it may not be read, VT_CAUSE_BAD_IMAGE when it is
 * something else.
 */
int vt_image_open(const char *path, uint64_t *ret_size, struct vt_error *err) VT_MUST_CHECK;

/*
 * Set @err to VT_CAUSE_IMAGE_UNREADABLE: @who ("virtainer", "QEMU's user (uid 64055)") cannot read
 * @path because of
 * @errnum, with the owner and mode of the file that show why. Returns -@errnum.
 */
int vt_image_unreadable(struct vt_error *err, const char *path, int errnum, const char *who);

/* Read up to @size bytes from the start of @fd into @buf; fewer only at the end. Returns 0 or a
 * negative errno. */
int vt_image_read_head(int fd, uint8_t *buf, size_t size, size_t *ret_len) VT_MUST_CHECK;

/* @path, if relative made absolute by the working directory; links are kept. The caller frees it.
 */
char *vt_image_absolute(const char *path);
