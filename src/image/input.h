/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a packed image: those of a file that is whole, or of one that a download still adds
 * to, where who wants bytes that are still to come waits for them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* How far a file has come that one thread writes and another reads. */
struct vt_growth;

/* A file that has no bytes yet. It goes to vt_growth_free(), when no thread reads any more. */
struct vt_growth *vt_growth_new(void);

/* Accepts NULL. */
void vt_growth_free(struct vt_growth *growth);

/* The first @size bytes are there now, and stay as they are. */
void vt_growth_reach(struct vt_growth *growth, uint64_t size);

/* No more will come. */
void vt_growth_end(struct vt_growth *growth);

/* From now on nothing is read, also by who waits now. */
void vt_growth_give_up(struct vt_growth *growth);

struct vt_input {
    int fd;                   /* which another may read and write meanwhile */
    struct vt_growth *growth; /* NULL: the file is whole */
};

/*
 * Read up to @len bytes at @offset into @buf, fewer if that is what there is, and wait while there
 * is none and more will come. Returns how many, 0 at the end, or a negative errno; -ECANCELED after
 * vt_growth_give_up().
 */
ssize_t vt_input_read(const struct vt_input *input, void *buf, size_t len,
                      uint64_t offset) VT_MUST_CHECK;

/* Read up to @size bytes from the start into @buf; fewer only at the end. Returns 0 or a negative
 * errno, as above. */
int vt_input_read_head(const struct vt_input *input, uint8_t *buf, size_t size,
                       size_t *ret_len) VT_MUST_CHECK;
