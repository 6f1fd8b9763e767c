/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that act on the guest begin with: what the launcher says of it, and libvirt. */
#pragma once

#include "launcher/status.h"
#include "vm/session.h"

struct vt_guest {
    struct vt_status status;
    struct vt_session session;
};

#define VT_AUTO_GUEST VT_CLEANUP(vt_guest_done)

/* Find the guest that runs in this container (paused counts). Returns 0, -ENOENT when no virtainer
 * runs here, -ESRCH when its guest does not run (VT_CAUSE_USAGE), or another negative errno. */
int vt_guest_open(struct vt_guest *ret, struct vt_error *err) VT_MUST_CHECK;
void vt_guest_done(struct vt_guest *guest);

/*
 * What is known of the guest: from the launcher that runs in this container, else from the data
 * directory that is mounted here. Returns 0, -ENOENT when there is neither (VT_CAUSE_USAGE), or
 * another negative errno.
 */
int vt_guest_status(struct vt_status *ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Wait until the launcher has seen the guest in @phase, so that who looks at state.json next finds
 * it so; for two seconds, as it may meanwhile be in yet another.
 */
void vt_guest_await(enum vt_phase phase);
