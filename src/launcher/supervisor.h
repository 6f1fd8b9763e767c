/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child that is started again when it ends: at once, then after longer and longer waits while it
 * keeps ending. What is said of it is rare too (launcher/repeats.h).
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "launcher/repeats.h"

struct vt_supervisor {
    const char *name; /* of the program, for messages */
    /* Start it: its process id, or a negative errno with @err. */
    pid_t (*start)(void *data, struct vt_error *err);
    void (*on_restart)(void *data); /* it was started again; may be NULL */
    void *data;
    /* In ms; 0 for what suits a daemon. */
    int first_delay, last_delay; /* waits before a restart */
    int long_life;               /* who has lived this long starts with the first delay again */

    /* The supervisor's own. */
    pid_t pid; /* 0: it is away */
    int timer;
    int delay;
    struct vt_repeats ends, failures;
};

/* From here on the loop watches over the child @pid; @supervisor is kept for as long as it runs. */
void vt_supervise(struct vt_supervisor *supervisor, pid_t pid);
