/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `virtainer wait`: in a process of its own (docker exec), until the guest has come as far as a
 * person wants. What the launcher knows is in state.json, whose replacement inotify tells; whether
 * the guest's network answers is also tried from here. The clock is the monotonic one.
 */
#pragma once

#include "base/error.h"
#include "launcher/status.h"

enum vt_wait_verdict {
    VT_WAIT_ON,
    VT_WAIT_REACHED,
    VT_WAIT_DEGRADED,   /* cloud-init ended so */
    VT_WAIT_FAILED,     /* cloud-init ended with an error */
    VT_WAIT_ENDED,      /* the guest is off, or about to be */
    VT_WAIT_IMPOSSIBLE, /* there is no network to wait for */
};

/* Whether the guest of @status has come as far as @goal. Pure. */
enum vt_wait_verdict vt_wait_judge(const struct vt_status *status, enum vt_milestone goal);

/* How far it has come, in one line for a person. The caller frees it. */
char *vt_wait_describe(const struct vt_status *status);

/*
 * Wait for @goal, at most @seconds; @ret is what was last known, also after an error. Returns 0, or
 * a negative errno: VT_CAUSE_TIMEOUT, VT_CAUSE_DEGRADED, VT_CAUSE_NOT_READY, VT_CAUSE_ENDED, or
 * VT_CAUSE_USAGE for what there is no network for.
 */
int vt_wait(enum vt_milestone goal, unsigned seconds, struct vt_status *ret,
            struct vt_error *err) VT_MUST_CHECK;
