/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/flatten.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/str.h"
#include "image/open.h"
#include "image/overlay.h"
#include "image/part.h"
#include "image/qcow2.h"
#include "image/qemu_img.h"
#include "image/record.h"

/* A new file holds the disk as it is now, and no snapshots of earlier. */
static int check_snapshots(const char *overlay, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = open(overlay, O_RDONLY | O_CLOEXEC);
    struct vt_qcow2_header header = {0};
    uint8_t head[VT_QCOW2_READ_SIZE];
    size_t len = 0;
    int r = fd < 0 ? -errno : vt_image_read_head(fd, head, sizeof(head), &len);

    if (r < 0)
        return vt_data_error(err, -r, "cannot read the overlay %s", overlay);
    r = vt_qcow2_parse_header(head, len, &header, err);
    if (r < 0 || header.snapshots == 0)
        return r;
    return vt_error_set(err, VT_CAUSE_USAGE, -ENOTSUP,
                        "the overlay %s holds snapshots (%" PRIu32 "), which would be lost: remove "
                        "them (qemu-img snapshot -d), or use virtainer commit, which leaves it as "
                        "it is",
                        overlay, header.snapshots);
}

static int write_whole(const char *overlay, const char *part, int cancel_fd,
                       const struct vt_progress *progress, struct vt_error *err)
{
    struct vt_conversion conversion = {.from = overlay, .to = part, .format = "qcow2"};
    int r = vt_qemu_img_measure(overlay, "qcow2", cancel_fd, &conversion.size, err);

    if (r == 0)
        r = vt_part_check_room(overlay, conversion.size, err);
    return r < 0 ? r : vt_qemu_img_convert(&conversion, cancel_fd, progress, err);
}

static int replace(const char *part, const char *overlay, const char *record_path,
                   struct vt_error *err)
{
    VT_AUTO_RECORD struct vt_record record = {0};
    int r = vt_record_read(record_path, &record, err);

    if (r == -ENOENT)
        return vt_error_set(err, VT_CAUSE_INTERNAL, r, "%s is gone", record_path);
    if (r == 0)
        r = vt_record_set_flattened(record_path, &record, err);
    return r < 0 ? r : vt_part_finish(part, overlay, err);
}

int vt_overlay_flatten(const char *data_dir, int cancel_fd, const struct vt_progress *progress,
                       struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, dir);
    VT_AUTO_FREE char *record = vt_fmt("%s/.virtainer/base.json", dir);
    VT_AUTO_FREE char *part = NULL;
    int r = check_snapshots(overlay, err);
    int fd = r < 0 ? r : vt_part_open(overlay, &part, err);

    if (fd < 0)
        return fd;
    (void)close(fd);
    r = write_whole(overlay, part, cancel_fd, progress, err);
    if (r == 0)
        r = replace(part, overlay, record, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}
