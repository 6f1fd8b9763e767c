/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/disk.h"

#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "host/files.h"
#include "image/catalogue.h"
#include "image/obtain.h"
#include "image/resolve.h"
#include "launcher/saved.h"

void vt_disk_done(struct vt_disk *disk)
{
    vt_base_done(&disk->base);
    vt_overlay_done(&disk->overlay);
    free(disk->data.path);
    free(disk->data.state);
    free(disk->data.last_holder);
    vt_closep(&disk->data.lock);
    *disk = (struct vt_disk)VT_DISK_INIT;
}

static int check_is_there(const struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);

    if (vt_path_exists(overlay))
        return 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                        "the data directory %s has no disk: mount that of a guest (-v "
                        "HOST_DIRECTORY:%s)",
                        config->image_dir, config->image_dir);
}

static int check_not_saved(const struct vt_data_dir *data, struct vt_error *err)
{
    if (!vt_saved_exists(data))
        return 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -EBUSY,
                        "the guest of the data directory %s is saved, with a memory that fits its "
                        "disk only as it is: start it (with RESUME=no it boots), and stop it with "
                        "`virtainer stop --shutdown`",
                        data->path);
}

static int resolve(struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_FREE char *warning = NULL;
    char today[VT_DAY_TEXT];

    vt_today(today);
    return vt_image_resolve(config, VT_CATALOGUE_DIR, today, &warning, err);
}

static int prepare(struct vt_config *config, bool accept_base, int cancel_fd,
                   const struct vt_progress *progress, struct vt_disk *disk, struct vt_error *err)
{
    struct vt_overlay_request request = {
        .data_dir = config->image_dir,
        .base = vt_overlay_stands_alone(config->image_dir) ? NULL : &disk->base,
        .accept_base = accept_base,
        .cancel_fd = cancel_fd,
    };
    int r = check_not_saved(&disk->data, err);

    if (r == 0 && request.base)
        r = resolve(config, err);
    if (r == 0 && request.base)
        r = vt_image_obtain(config, "", cancel_fd, progress, &disk->base, err);
    if (r == 0)
        r = vt_overlay_prepare(&request, &disk->overlay, err);
    return r;
}

int vt_disk_take(struct vt_config *config, bool accept_base, int cancel_fd,
                 const struct vt_progress *progress, struct vt_disk *ret, struct vt_error *err)
{
    VT_AUTO_DISK struct vt_disk disk = VT_DISK_INIT;
    int r = check_is_there(config, err);

    if (r == 0)
        r = vt_data_dir_open(&disk.data, config->image_dir, err);
    if (r < 0)
        return r;
    r = prepare(config, accept_base, cancel_fd, progress, &disk, err);
    if (r < 0) {
        vt_data_dir_abandon(&disk.data);
        return r;
    }
    *ret = disk;
    disk = (struct vt_disk)VT_DISK_INIT;
    return 0;
}
