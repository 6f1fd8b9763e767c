/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long step on an image has come, as a line of the log now and then. */
#pragma once

#include <stdint.h>

#include "image/progress.h"

struct vt_progress_log {
    const char *object; /* of the steps: "the base image"; static */
    int64_t last;       /* on the clock of vt_now_ms() */
};

/* Begin now: for the calls that report to the result, which uses @log until they return. */
struct vt_progress vt_progress_log_begin(struct vt_progress_log *log, const char *object);

/* "downloading the base image: 42%, 1.2 GiB of 3 GiB", or how much where @total is 0; the caller
 * frees it. */
char *vt_progress_text(const struct vt_progress_log *log, const char *what, uint64_t done,
                       uint64_t total);
