/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the person, on standard error: standard output is the guest's console. Only cmd/,
 * launcher/ and event callbacks log above debug; the other rooms return errors.
 *
 * They are lines of text, or one JSON object each (docs/log-json.md). A copy of those at info and
 * above can go to a file, as such objects, whatever level and format the person sees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum vt_log_level {
    VT_LOG_ERROR,
    VT_LOG_WARNING,
    VT_LOG_INFO,
    VT_LOG_DEBUG,
    VT_LOG_MAX_,
};

enum vt_log_format { VT_LOG_TEXT, VT_LOG_JSON };

/* "text" and "json", ended by NULL: the values of LOG_FORMAT. */
extern const char *const vt_log_format_names[];

/* "error", "warning", "info" and "debug", ended by NULL: the values of LOG_LEVEL. */
extern const char *const vt_log_level_names[];

/* Messages above @level are dropped; the default is VT_LOG_INFO. */
void vt_log_set_level(enum vt_log_level level);

/* The default is VT_LOG_TEXT. */
void vt_log_set_format(enum vt_log_format format);

/* Whether lines of text must end in CR LF, because the terminal is in raw mode. */
void vt_log_set_raw_terminal(bool raw);

/*
 * Write to @fd instead of standard error. If it is non-blocking, messages that it does not take are
 * dropped, and their number is told when it takes some again.
 */
void vt_log_set_fd(int fd);

/*
 * Copy messages to the end of the file @path, made if it is missing. When it has @max bytes it is
 * renamed to @old_path, in place of what was there, and begun anew. Returns 0 or a negative errno.
 */
int vt_log_keep(const char *path, const char *old_path, size_t max) VT_MUST_CHECK;

void vt_log(enum vt_log_level level, const char *format, ...) VT_PRINTF(2, 3);

/*
 * Something happened that is not said in text: in JSON it is an object with "event":@event and
 * @name:@value, and the copy has it too.
 */
void vt_log_event(const char *event, const char *name, const char *value);

struct vt_buf;

/* Append a JSON object's beginning, "{" and its time as RFC 3339 has it, in UTC with milliseconds:
 * {"time":"2026-11-22T07:35:10.123Z" */
void vt_log_begin_object(struct vt_buf *out);

#define vt_error_log(...) vt_log(VT_LOG_ERROR, __VA_ARGS__)
#define vt_warning(...)   vt_log(VT_LOG_WARNING, __VA_ARGS__)
#define vt_info(...)      vt_log(VT_LOG_INFO, __VA_ARGS__)
#define vt_debug(...)     vt_log(VT_LOG_DEBUG, __VA_ARGS__)
