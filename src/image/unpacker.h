/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking on a thread of its own what a download still adds to: with the last byte that arrives
 * nearly all is unpacked.
 *
 * Theory of operation: the download appends to its file and says how far it has come
 * (image/input.h); the thread reads the file from its start, decompresses, writes the image under a
 * temporary name, and sleeps while it has all that there is. Between them are no buffers: where
 * the thread is slower, what it has not read yet lies in the file. What the thread found it says
 * when it has ended, and is asked for that by joining it, so that nothing else is shared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/progress.h"

struct vt_unpacker;

/* What became of it. */
struct vt_unpacked {
    char *path;   /* of the image, under its temporary name; NULL: what arrived is not packed */
    char *digest; /* its SHA-256 in 64 digits, or NULL: not asked for, or not known */
};

void vt_unpacked_done(struct vt_unpacked *unpacked);

/*
 * Begin to unpack the file of the descriptor @fd, called @source for a person, if it is packed, to
 * a temporary file for @destination. @with_digest: a digest of the image is asked for. @fd stays
 * the caller's, and open until vt_unpacker_free(). Errors: VT_CAUSE_INTERNAL.
 */
int vt_unpacker_begin(const char *source, int fd, const char *destination, bool with_digest,
                      struct vt_unpacker **ret, struct vt_error *err) VT_MUST_CHECK;

/* The first @size bytes are there now. */
void vt_unpacker_reach(struct vt_unpacker *unpacker, uint64_t size);

/* Whether unpacking has failed already: 0, or its error, as vt_unpacker_finish() would tell it. */
int vt_unpacker_check(struct vt_unpacker *unpacker, struct vt_error *err) VT_MUST_CHECK;

/*
 * All @size bytes are there: wait for the image, which in @ret is the caller's, with its file.
 * @cancel_fd (-1 for none), when readable, ends it with -ECANCELED and VT_CAUSE_NONE; @progress
 * may be NULL. Other errors: vt_image_unpack()'s.
 */
int vt_unpacker_finish(struct vt_unpacker *unpacker, uint64_t size, int cancel_fd,
                       const struct vt_progress *progress, struct vt_unpacked *ret,
                       struct vt_error *err) VT_MUST_CHECK;

/* End it, wherever it is, and remove its file unless vt_unpacker_finish() gave it away. Accepts
 * NULL. */
void vt_unpacker_free(struct vt_unpacker *unpacker);
