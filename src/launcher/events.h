/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what the launcher has logged (VT_EVENTS_PATH, docs/log-json.md), for `virtainer log`. */
#pragma once

#include "base/str.h"
#include "launcher/status.h"

/*
 * @line (of @len bytes, without its newline) for a person, "2026-11-22 07:35:10.123 warning text",
 * in the local time zone or in @utc; the further lines of a message are indented. Pure but for the
 * time zone. The caller frees it; NULL for what is no such object.
 */
char *vt_event_text(const char *line, size_t len, bool utc);

struct vt_events;

/* Called with each line, without its newline. */
typedef void (*vt_event_callback)(const char *line, size_t len, void *data);

/* The log at @path, and the one before it at @old_path. Returns 0 or -ENOENT with @err. */
int vt_events_open(struct vt_events **ret, const char *path, const char *old_path,
                   struct vt_error *err) VT_MUST_CHECK;
void vt_events_close(struct vt_events *events);

/* Report the last @count lines of both. */
void vt_events_tail(struct vt_events *events, size_t count, vt_event_callback callback, void *data);

/* Report what was added since, also when the log was begun anew meanwhile. */
void vt_events_more(struct vt_events *events, vt_event_callback callback, void *data);

/* A descriptor that is readable when there may be more, for vt_events_more(); or a negative errno.
 */
int vt_events_fd(struct vt_events *events);
