/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk of a guest that does not run, for commands that work on its data directory. */
#pragma once

#include "config/config.h"
#include "image/overlay.h"
#include "image/probe.h"
#include "image/progress.h"
#include "launcher/data_dir.h"

struct vt_disk {
    struct vt_data_dir data; /* held */
    struct vt_base base;     /* path NULL: the overlay was flattened */
    struct vt_overlay overlay;
};

#define VT_DISK_INIT     \
    {                    \
        .data.lock = -1, \
    }
#define VT_AUTO_DISK VT_CLEANUP(vt_disk_done)

/* Let go of it. */
void vt_disk_done(struct vt_disk *disk);

/*
 * Take the disk of the data directory that @config names: its lock as a start takes it, its base
 * found, downloaded and unpacked as a start does, and compared with what is recorded, unless
 * @accept_base says that it is right. @config gets what the catalogue has for IMAGE. @cancel_fd may
 * be -1 and @progress NULL. @ret goes to vt_disk_done(). Errors, with the data directory as it was:
 * VT_CAUSE_USAGE when it has no disk or the guest's memory is saved, which fits the disk as it is
 * only; VT_CAUSE_DATA_BUSY when a virtainer runs on it; those of vt_image_obtain() and
 * vt_overlay_prepare().
 */
int vt_disk_take(struct vt_config *config, bool accept_base, int cancel_fd,
                 const struct vt_progress *progress, struct vt_disk *ret,
                 struct vt_error *err) VT_MUST_CHECK;
