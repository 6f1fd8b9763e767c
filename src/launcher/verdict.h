/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's end comes to: clean, forced or crashed, from what was seen of it. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct vt_end {
    bool forced;     /* by us: the grace period was over, or a second signal came */
    bool wished_off; /* and a person said so: STOP_ACTION=poweroff, virtainer stop --poweroff */
    bool saved;      /* by us: its memory is in the data directory */
    bool saved_away; /* by somebody else (virsh save) */
    struct vt_error save_error; /* QEMU is off, but what it wrote could not be kept */
    char *failed_save;  /* why a save failed from which the guest was to run on; NULL: none did */
    bool asked;         /* by us, to power itself off */
    bool pressed_since; /* since a save that failed: its power button, and libvirtd took that */
    bool destroyed;     /* by somebody else, as libvirt said */
    bool powered_off;   /* the guest's own doing, or because it was asked */
    bool panicked;      /* the guest's kernel said so */
    bool qemu_gone;
    int qemu_status; /* as waitpid gives it, when qemu_gone */
};

/*
 * Whether it is known why QEMU has gone. If not, libvirtd's word on it may still be under way; only
 * that tells a shutdown from somebody's `virsh destroy`.
 */
bool vt_end_is_known(const struct vt_end *end);

/*
 * Returns 0 for a clean end, else a negative errno with @err: VT_CAUSE_FORCED, or VT_CAUSE_CRASHED
 * with the last lines of @qemu_log (QEMU's log as libvirt keeps it) where those are of use.
 */
int vt_end_verdict(const struct vt_end *end, const char *qemu_log,
                   struct vt_error *err) VT_MUST_CHECK;

/* The last lines of what QEMU itself said in @log, each after a newline; the caller frees them. */
char *vt_qemu_last_words(const char *log);
