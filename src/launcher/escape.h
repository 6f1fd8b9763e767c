/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of `virtainer console` that are not for the guest: an escape character (Ctrl-] if no
 * other is chosen) and a letter. Pure.
 */
#pragma once

#include "base/str.h"

#define VT_ESCAPE_DEFAULT 0x1d /* Ctrl-] */
#define VT_ESCAPE_NONE    (-1)

enum vt_escape_action {
    VT_ESCAPE_NOTHING,
    VT_ESCAPE_LEAVE, /* q . or the escape character again */
    VT_ESCAPE_SIZE,  /* w: tell the guest the window's size */
    VT_ESCAPE_HELP,  /* ? and whatever has no meaning */
};

struct vt_escape {
    int character; /* or VT_ESCAPE_NONE */
    bool armed;    /* the escape character was the last one typed */
};

/* The character that @text ("^A", "^]" or "none") stands for. Returns 0 or -EINVAL. */
int vt_escape_parse(const char *text, int *ret) VT_MUST_CHECK;

/* @character as a person types it: "Ctrl-]"; the caller frees it. */
char *vt_escape_name(int character);

/*
 * Append to @out what of the @len bytes typed at @text is for the guest, up to the first that is an
 * action. Returns how many were used up; call again for the rest after the action is done.
 */
size_t vt_escape_feed(struct vt_escape *escape, const char *text, size_t len, struct vt_buf *out,
                      enum vt_escape_action *ret_action);
