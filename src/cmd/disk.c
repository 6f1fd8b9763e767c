/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/disk.h"

#include "cmd/progress.h"
#include "config/config.h"
#include "host/interrupt.h"

int vt_cmd_take_disk(bool accept_base, struct vt_disk *ret, struct vt_error *err)
{
    VT_AUTO_CONFIG struct vt_config config;
    struct vt_cmd_progress shown;
    struct vt_progress progress = vt_cmd_progress_begin(&shown, "the base image");
    int r;

    vt_interrupt_watch();
    vt_config_init(&config);
    r = vt_config_read_env(&config, err);
    if (r == 0)
        r = vt_disk_take(&config, accept_base, vt_interrupt_fd(), &progress, ret, err);
    vt_cmd_progress_end(&shown);
    return r;
}
