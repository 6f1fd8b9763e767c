/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/way_in.h"

#include <errno.h>

#include "base/str.h"
#include "launcher/data_dir.h"

const char *const vt_via_names[] = {"agent", "ssh", NULL};

/* The launcher's key and what it knows of the guest lie beside the overlay. */
static char *ssh_dir(const char *overlay)
{
    const char *slash = overlay ? strrchr(overlay, '/') : NULL;
    VT_AUTO_FREE char *dir =
        vt_strndup(slash ? overlay : "", slash ? (size_t)(slash - overlay) : 0);

    return vt_data_dir_below(dir, "ssh");
}

int vt_way_in_find(const char *user, struct vt_way_in *ret, struct vt_error *err)
{
    int r;

    *ret = (struct vt_way_in){0};
    r = vt_status_read(&ret->status, err);
    if (r < 0)
        return r;
    if (ret->status.phase != VT_PHASE_RUNNING && ret->status.phase != VT_PHASE_STOPPING) {
        r = vt_error_set(err, VT_CAUSE_USAGE, -ESRCH, "the guest does not run: it is %s",
                         vt_phase_name(ret->status.phase));
        vt_way_in_done(ret);
        return r;
    }
    ret->dir = ssh_dir(ret->status.overlay);
    ret->target = (struct vt_ssh_target){
        .address = ret->status.guest_address,
        .dir = ret->dir,
        .user = user ? user : ret->status.ssh_user,
    };
    return 0;
}

void vt_way_in_done(struct vt_way_in *in)
{
    vt_status_done(&in->status);
    free(in->dir);
    in->dir = NULL;
}

int vt_way_in_open(const struct vt_way_in *in, const char *name, struct vt_way *ret,
                   struct vt_error *err)
{
    enum vt_via via = VT_VIA_ANY;

    if (name)
        via = vt_streq(name, "agent") ? VT_VIA_AGENT : VT_VIA_SSH;
    return vt_way_open(via, in->status.name, &in->target, ret, err);
}
