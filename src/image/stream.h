/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as the bytes that it stands for: decompressed (gzip, xz, zstd, bzip2) by its content while
 * it is read, or as they are when it is not compressed. Damage is an error and never a shorter
 * stream.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/input.h"
#include "image/kind.h"
#include "image/progress.h"

struct vt_stream;

/*
 * Begin to read @input, called @path for a person, of which both must outlive it. @cancel_fd (-1
 * for none), when readable, ends reading with -ECANCELED and VT_CAUSE_NONE; @progress may be NULL
 * and counts bytes of the input, of which there will be @size (0: not known). @ret goes to
 * vt_stream_free().
 */
int vt_stream_open(const char *path, const struct vt_input *input, uint64_t size, int cancel_fd,
                   const struct vt_progress *progress, struct vt_stream **ret,
                   struct vt_error *err) VT_MUST_CHECK;

/* Accepts NULL. */
void vt_stream_free(struct vt_stream *stream);

/* What the stream is, by its first bytes, which are still to be read. */
enum vt_kind vt_stream_kind(const struct vt_stream *stream);

/*
 * The next run of bytes, at most some hundred KiB: it starts in @ret_data and belongs to the stream
 * until the next call. Returns 1, 0 at the end (and whenever asked again), or a negative errno
 * with VT_CAUSE_BAD_IMAGE for a file that is damaged or was cut short.
 */
int vt_stream_next(struct vt_stream *stream, const uint8_t **ret_data, size_t *ret_len,
                   struct vt_error *err) VT_MUST_CHECK;
