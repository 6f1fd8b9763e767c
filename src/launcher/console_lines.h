/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's console says, as JSON objects, one for each line (docs/log-json.md). A line that
 * grows too long, or that rests unfinished, comes in pieces; all but its last one have
 * "partial":true. Pure but for the clock.
 */
#pragma once

#include "base/str.h"

/* The longest piece of a line, in bytes as the guest said them. */
#define VT_CONSOLE_LINE_MAX 8192

struct vt_console_lines {
    struct vt_buf pending; /* of a line that has no end yet */
};

#define VT_CONSOLE_LINES_INIT            \
    {                                    \
        VT_BUF_INIT(VT_CONSOLE_LINE_MAX) \
    }

/* Append to @out the objects of all lines that end in the @len bytes at @text, each with its
 * newline, and keep the rest. */
void vt_console_lines_feed(struct vt_console_lines *lines, const char *text, size_t len,
                           struct vt_buf *out);

/* Append the unfinished line as a piece, if there is one; but the beginning of a character or of a
 * line's end is kept. */
void vt_console_lines_flush(struct vt_console_lines *lines, struct vt_buf *out);

/* Whether there is an unfinished line. */
bool vt_console_lines_pending(const struct vt_console_lines *lines);

/* How many bytes vt_console_lines_feed() makes at most of @len: every byte an escape, every line
 * empty. */
size_t vt_console_lines_growth(size_t len);
