/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/disk.h"

#include "config/config.h"
#include "host/interrupt.h"
#include "launcher/progress_log.h"

int vt_cmd_take_disk(bool accept_base, struct vt_disk *ret, struct vt_error *err)
{
    VT_AUTO_CONFIG struct vt_config config;
    struct vt_progress_log log;
    struct vt_progress progress = vt_progress_log_begin(&log, "the base image");
    int r;

    vt_interrupt_watch();
    vt_config_init(&config);
    r = vt_config_read_env(&config, err);
    return r < 0 ? r : vt_disk_take(&config, accept_base, vt_interrupt_fd(), &progress, ret, err);
}
