/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An xz file (https://tukaani.org/xz/xz-file-format.txt) decompressed by liblzma, with a thread for
 * each CPU where the file consists of several blocks, as `xz -T0` makes it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "image/input.h"

struct vt_xz;

/* Begin to read @input, which must outlive it. NULL if liblzma cannot. */
struct vt_xz *vt_xz_open(const struct vt_input *input);

/* Accepts NULL. */
void vt_xz_free(struct vt_xz *xz);

/*
 * The next run of bytes, which belongs to @xz until the next call; it may be empty, about three
 * times a second while more is being made. Returns 1, 0 at the end, a negative errno where the file
 * cannot be read, or -EBADMSG where it is damaged; *@ret_why is then half a sentence, static.
 */
int vt_xz_next(struct vt_xz *xz, const uint8_t **ret_data, size_t *ret_len,
               const char **ret_why) VT_MUST_CHECK;

/* How many bytes of the file were taken. */
uint64_t vt_xz_taken(const struct vt_xz *xz);
