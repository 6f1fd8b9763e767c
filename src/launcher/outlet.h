/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where bytes leave the launcher without it ever waiting: what the descriptor does not take is kept
 * in a queue of bounded size, and what that does not take is dropped and counted. Once it drops, it
 * goes on until half of the queue is free, so that what comes out has few gaps, and then tells how
 * much that was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vt_outlet;

/* So many bytes were dropped between what was queued before and what is added from now on. */
typedef void (*vt_outlet_dropped)(uint64_t bytes, void *data);

/*
 * An outlet to @fd, which must be non-blocking to never wait and stays the caller's, with a queue
 * of at most @limit bytes. @on_dropped is called in the loop.
 */
int vt_outlet_new(struct vt_outlet **ret, int fd, size_t limit, vt_outlet_dropped on_dropped,
                  void *data) VT_MUST_CHECK;
void vt_outlet_free(struct vt_outlet *outlet);

/* Write, queue or drop @len bytes of @data, in part too. */
void vt_outlet_add(struct vt_outlet *outlet, const void *data, size_t len);

/* The same, but all or nothing: for what is torn by half. */
void vt_outlet_add_whole(struct vt_outlet *outlet, const void *data, size_t len);

/* Write what is queued, as far as that needs no waiting. Returns how many bytes still wait. */
size_t vt_outlet_flush(struct vt_outlet *outlet);

/* Whether writing failed: nobody is there any more, and what is added is thrown away. */
bool vt_outlet_is_gone(const struct vt_outlet *outlet);
