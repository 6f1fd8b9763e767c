/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything between what a person asked for and a guest that can be started: image, overlay, seed,
 * network, accelerator, libvirtd. Ordered so that what only looks comes before what changes
 * anything.
 */
#pragma once

#include "config/config.h"
#include "image/overlay.h"
#include "image/probe.h"
#include "launcher/daemon.h"
#include "launcher/data_dir.h"
#include "net/plan.h"
#include "seed/seed.h"
#include "vm/accel.h"

struct vt_prepared {
    struct vt_accel_choice accel;
    struct vt_seed seed;
    bool seed_ignored;     /* it changed, but not its instance-id: cloud-init will not apply it */
    const char *seed_path; /* of the ISO that the guest gets */
    struct vt_data_dir data;
    struct vt_base base;
    struct vt_overlay overlay;
    char *uuid;
    bool has_network;
    struct vt_net_plan net; /* when has_network */
    pid_t dhcp_pid;         /* when has_network */
    struct vt_daemon *daemon;
};

/*
 * Prepare all of it. A stop signal ends it with -ECANCELED and VT_CAUSE_NONE. What it returns lives
 * as long as the process. @on_daemon_restart and @data are for vt_daemon_start().
 */
int vt_prepare(const struct vt_config *config, struct vt_prepared *ret,
               vt_daemon_callback on_daemon_restart, void *data,
               struct vt_error *err) VT_MUST_CHECK;
