/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the person, on standard error: standard output is the guest's console. Only cmd/,
 * launcher/ and event callbacks log above debug; the other rooms return errors.
 */
#pragma once

#include <stdbool.h>

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

/* Whether lines must end in CR LF, because the terminal is in raw mode. */
void vt_log_set_raw_terminal(bool raw);

void vt_log(enum vt_log_level level, const char *format, ...) VT_PRINTF(2, 3);

#define vt_error_log(...) vt_log(VT_LOG_ERROR, __VA_ARGS__)
#define vt_warning(...)   vt_log(VT_LOG_WARNING, __VA_ARGS__)
#define vt_info(...)      vt_log(VT_LOG_INFO, __VA_ARGS__)
#define vt_debug(...)     vt_log(VT_LOG_DEBUG, __VA_ARGS__)
