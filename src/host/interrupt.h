/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For a command that has something to clean up when it is interrupted (Ctrl-C, kill, the end of its
 * terminal): from vt_interrupt_watch() on a signal does not end the process but the waits below,
 * and so goes the way of an error. Only the first: the clean-up waits like anybody, and a second
 * signal ends it. For a process with one thread and without the loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* From here on INT, TERM and HUP wait to be looked for; a closed pipe is an error, EPIPE. */
void vt_interrupt_watch(void);

/* A descriptor that is readable when a signal came; -1, as poll ignores it, when none is watched
 * for. */
int vt_interrupt_fd(void);

/* Returns 0, or -EINTR with @err when a signal came; the next one ends the process. */
int vt_interrupt_check(struct vt_error *err) VT_MUST_CHECK;

/*
 * Wait until @fd (-1: none) has one of poll(2)'s @events, or for @ms (-1: for ever). Returns 0, or
 * -EINTR with @err when a signal came first.
 */
int vt_interrupt_wait(int fd, short events, int ms, struct vt_error *err) VT_MUST_CHECK;

/* Write all of @data to @fd, which may be slow to take it. Returns 0, -EINTR as above, or another
 * negative errno with @err. */
int vt_interrupt_write(int fd, const void *data, size_t len, struct vt_error *err) VT_MUST_CHECK;

/* The status to end with when the result is @r: @r itself, or as shells have it 128 and the signal
 * if it is an error and one came, also if nobody looked, or SIGPIPE's for -EPIPE. */
int vt_interrupt_status(int r);
