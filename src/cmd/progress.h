/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long step on an image has come: a line that is written over where standard error is a
 * terminal, else lines of the log. */
#pragma once

#include <stdbool.h>

#include "launcher/progress_log.h"

struct vt_cmd_progress {
    struct vt_progress_log log; /* used in either case, for its object and time */
    bool shown;                 /* there is such a line */
};

/* Begin now a step on @object, "the base image", which is static: for the calls that report to the
 * result, which uses @progress until vt_cmd_progress_end(). */
struct vt_progress vt_cmd_progress_begin(struct vt_cmd_progress *progress, const char *object);

/* Take the line away, before anything else is said. */
void vt_cmd_progress_end(struct vt_cmd_progress *progress);
