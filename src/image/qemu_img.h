/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-img, run by argument vector. All paths are absolute: qemu-img would take "nbd:…" or "json:…"
 * for something other than a file. A readable @cancel_fd (-1 for none) ends it with -ECANCELED and
 * VT_CAUSE_NONE.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Make @path a qcow2 of @size bytes whose backing file is @backing in @format. */
int vt_qemu_img_create(const char *path, const char *backing, const char *format, uint64_t size,
                       int cancel_fd, struct vt_error *err) VT_MUST_CHECK;

/*
 * Look for damage in the qcow2 @path by following all its tables; it reads no data, so it takes
 * milliseconds per GiB. Leaked clusters are no damage. VT_CAUSE_BAD_IMAGE if there is some.
 */
int vt_qemu_img_check(const char *path, int cancel_fd, struct vt_error *err) VT_MUST_CHECK;

/*
 * The virtual size of the image @path in @format, in bytes. An image that needs other files (a
 * parent, extents) is refused with VT_CAUSE_BAD_IMAGE, as one that QEMU cannot read is.
 */
int vt_qemu_img_size(const char *path, const char *format, int cancel_fd, uint64_t *ret,
                     struct vt_error *err) VT_MUST_CHECK;

/* Write another backing file's name and format into the header of the qcow2 @path; the data stay as
 * they are. */
int vt_qemu_img_rebase(const char *path, const char *backing, const char *format, int cancel_fd,
                       struct vt_error *err) VT_MUST_CHECK;

/*
 * Make the qcow2 @path larger: @size bytes. The base that its header names is opened. Nothing is
 * read or written but tables and the header; killed in the middle, @path is whole and has the old
 * size or the new one.
 */
int vt_qemu_img_grow(const char *path, uint64_t size, int cancel_fd,
                     struct vt_error *err) VT_MUST_CHECK;
