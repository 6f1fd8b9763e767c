/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is typed, on its way into a terminal whose other end may not read: it waits here, in bounded
 * space, and who types is told when to wait as well. Nothing here ever blocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct vt_typing;

enum vt_typing_notice {
    VT_TYPING_ROOM, /* after vt_typing_add() said no: more can be typed */
    VT_TYPING_GONE, /* the terminal's other end is closed: vt_typing_end() is due */
};

/* Called in the loop. */
typedef void (*vt_typing_callback)(enum vt_typing_notice notice, void *data);

/* An empty one without a terminal, for as long as the process lives. */
struct vt_typing *vt_typing_new(vt_typing_callback on_notice, void *data);

/*
 * Type @len bytes of @text. Returns false when so much waits that more should not come before
 * VT_TYPING_ROOM; of what comes all the same the end may be lost.
 */
bool vt_typing_add(struct vt_typing *typing, const void *text, size_t len);

/*
 * From now on the terminal @fd, which is ours to close and must be non-blocking, gets what waits
 * and what is added. Returns 0 or a negative errno; @fd is closed then.
 */
int vt_typing_begin(struct vt_typing *typing, int fd) VT_MUST_CHECK;

/* Close the terminal, if there is one; what waits goes on waiting. */
void vt_typing_end(struct vt_typing *typing);

/* Forget what waits; VT_TYPING_ROOM if there was none. */
void vt_typing_drop(struct vt_typing *typing);

/* Whether vt_typing_add() has said no and VT_TYPING_ROOM has not come yet. */
bool vt_typing_is_full(const struct vt_typing *typing);

/* Whether nothing waits and the terminal would take more at once. */
bool vt_typing_is_taken(const struct vt_typing *typing);

/* Whether the terminal's other end is closed. */
bool vt_typing_is_gone(const struct vt_typing *typing);
