/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a run of virtainer ended: every cause that a script may want to tell apart, and its exit
 * status. */
#pragma once

enum vt_cause {
    VT_CAUSE_NONE,
    VT_CAUSE_INTERNAL,
    VT_CAUSE_USAGE,
    VT_CAUSE_NO_IMAGE,
    VT_CAUSE_BAD_IMAGE,
    VT_CAUSE_IMAGE_UNREADABLE,
    VT_CAUSE_FETCH,
    VT_CAUSE_DATA_DIR,
    VT_CAUSE_DATA_FULL,
    VT_CAUSE_DATA_BUSY,
    VT_CAUSE_OTHER_BASE,
    VT_CAUSE_SEED,
    VT_CAUSE_KVM,
    VT_CAUSE_MEMORY,
    VT_CAUSE_NETWORK,
    VT_CAUSE_LIBVIRT,
    VT_CAUSE_CRASHED,
    VT_CAUSE_FORCED,
    VT_CAUSE_STATE,
    VT_CAUSE_TIMEOUT,
    VT_CAUSE_DEGRADED,
    VT_CAUSE_NOT_READY,
    VT_CAUSE_ENDED,
    VT_CAUSE_NO_WAY_IN,
    VT_CAUSE_MAX_,
};

/* The exit status of @cause: 0 for VT_CAUSE_NONE, never above 124 (docker and shells use those). */
int vt_cause_exit_status(enum vt_cause cause);

/* What @cause means, in a few words for --help and the README. */
const char *vt_cause_meaning(enum vt_cause cause);
