/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ssh, exec and cp have in common: finding the guest and how to get in. */
#pragma once

#include "launcher/status.h"
#include "vm/way.h"

/* The values of --via. */
extern const char *const vt_via_names[];

/* What there is to get in by SSH with; the strings that the holder must free are in it. */
struct vt_way_in {
    struct vt_status status;
    char *dir;
    struct vt_ssh_target target;
};

#define VT_AUTO_WAY_IN VT_CLEANUP(vt_way_in_done)

/*
 * Look for a guest that runs here. @user is the wish of who calls, or NULL: SSH_USER. Returns 0,
 * -ENOENT when no virtainer runs here, -ESRCH when its guest does not run.
 */
int vt_way_in_find(const char *user, struct vt_way_in *ret, struct vt_error *err) VT_MUST_CHECK;
void vt_way_in_done(struct vt_way_in *in);

/* Open the way that --via @name says (NULL: any). */
int vt_way_in_open(const struct vt_way_in *in, const char *name, struct vt_way *ret,
                   struct vt_error *err) VT_MUST_CHECK;
