/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long step on an image has come, as a line of the log now and then. */
#pragma once

#include <time.h>

#include "image/progress.h"

struct vt_progress_log {
    const char *object; /* of the steps: "the base image"; static */
    time_t last;
};

/* Begin now: for the calls that report to the result, which uses @log until they return. */
struct vt_progress vt_progress_log_begin(struct vt_progress_log *log, const char *object);
