/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A way into the guest, whichever there is: its agent (as root) or SSH (as the image's user). */
#pragma once

#include "vm/agent_run.h"
#include "vm/ssh.h"

enum vt_via { VT_VIA_ANY, VT_VIA_AGENT, VT_VIA_SSH };

struct vt_way {
    enum vt_via via; /* VT_VIA_AGENT or VT_VIA_SSH */
    struct vt_session session;
    struct vt_ssh ssh;
};

#define VT_AUTO_WAY VT_CLEANUP(vt_way_done)

void vt_way_done(struct vt_way *way);

/*
 * Find a way into the guest called @name: VT_VIA_ANY takes the agent if it answers, else SSH.
 * Returns 0, or a negative errno with VT_CAUSE_NO_WAY_IN or VT_CAUSE_LIBVIRT.
 */
int vt_way_open(enum vt_via via, const char *name, const struct vt_ssh_target *target,
                struct vt_way *ret, struct vt_error *err) VT_MUST_CHECK;

/* Run @argv in the guest without input and output. Returns its exit status or a negative errno. */
int vt_way_run(struct vt_way *way, const char *const *argv, struct vt_error *err) VT_MUST_CHECK;

/* Write all that can be read from @fd to the file @path in the guest, which is made or emptied; and
 * the other way round. @progress is called now and then. */
int vt_way_put(struct vt_way *way, int fd, const char *path, vt_copy_progress progress, void *data,
               struct vt_error *err) VT_MUST_CHECK;
int vt_way_get(struct vt_way *way, const char *path, int fd, vt_copy_progress progress, void *data,
               struct vt_error *err) VT_MUST_CHECK;
