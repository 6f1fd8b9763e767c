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
#include "image/progress.h"

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

/*
 * How many bytes the qcow2 @path and the chain below it take as one file in @format; for a raw one
 * without its holes. Data that compress are counted as they are.
 */
int vt_qemu_img_measure(const char *path, const char *format, int cancel_fd, uint64_t *ret,
                        struct vt_error *err) VT_MUST_CHECK;

/* What vt_qemu_img_convert() makes. */
struct vt_conversion {
    const char *from;   /* a qcow2, read with the chain below it, which its header names */
    const char *to;     /* a file, which is replaced */
    const char *format; /* of it: "qcow2" or "raw" */
    bool compress;      /* "qcow2" only */
    uint64_t size;      /* bytes to be written, for @progress only */
};

/*
 * Make one file of an image and all below it. @progress (may be NULL) gets the step "writing". It
 * is not synced; after an error what there is of it is the caller's to remove. VT_CAUSE_DATA_FULL
 * for a full file system.
 */
int vt_qemu_img_convert(const struct vt_conversion *conversion, int cancel_fd,
                        const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;
