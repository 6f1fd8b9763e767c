/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/prepare_disk.h"

#include "base/log.h"
#include "host/loop.h"
#include "image/flatten.h"
#include "image/obtain.h"
#include "launcher/progress_log.h"

/* Into a disk that needs no base. A start that is killed before that leaves an overlay on the base,
 * and the next one comes here again. */
static int copy_base(struct vt_prepared *p, const struct vt_progress *progress,
                     struct vt_error *err)
{
    int r;

    vt_info("the guest's disk becomes a copy of the base image, which libvirt cannot open: it is "
            "a %s",
            p->base.format);
    r = vt_overlay_flatten(p->data.path, vt_loop_stop_fd(), progress, err);
    if (r == 0)
        vt_base_done(&p->base);
    return r;
}

int vt_prepare_disk(struct vt_prepared *p, const struct vt_config *config, struct vt_error *err)
{
    struct vt_progress_log log;
    struct vt_progress progress = vt_progress_log_begin(&log, "the base image");
    struct vt_overlay_request request = {
        .data_dir = p->data.path,
        .base = vt_overlay_stands_alone(p->data.path) ? NULL : &p->base,
        .size = config->disk_size,
        .size_given = config->disk_size_given,
        .keep = p->saved.kind == VT_SAVED_FITS,
        .cancel_fd = vt_loop_stop_fd(),
    };
    int r = 0;

    if (request.base)
        r = vt_image_obtain(config, "", vt_loop_stop_fd(), &progress, &p->base, err);
    if (r == 0)
        r = vt_overlay_prepare(&request, &p->overlay, err);
    if (r == 0 && request.base && !vt_base_is_libvirts(&p->base))
        r = copy_base(p, &progress, err);
    return r;
}
