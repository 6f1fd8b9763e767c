/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/probe.h"

#include <errno.h>

#include "base/str.h"
#include "image/fingerprint.h"
#include "image/kind.h"
#include "image/open.h"
#include "image/qcow2.h"
#include "image/qemu_img.h"

enum { SECTOR = 512 };

_Static_assert((int)VT_KIND_READ_SIZE >= (int)VT_QCOW2_READ_SIZE, "one read serves both");

void vt_base_done(struct vt_base *base)
{
    free(base->path);
    free(base->fingerprint);
    free(base->source);
    free(base->checksum);
    free(base->name);
    free(base->download);
    *base = (struct vt_base){0};
}

static int refuse(struct vt_error *err, const char *path, const char *why)
{
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, "the base image %s %s", path, why);
}

static int probe_qcow2(const char *path, const uint8_t *head, size_t len, uint64_t *ret,
                       struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error parse_err = VT_ERROR_INIT;
    struct vt_qcow2_header header;

    if (vt_qcow2_parse_header(head, len, &header, &parse_err) < 0)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "the qcow2 image %s is damaged or unknown: %s", path, parse_err.msg);
    if (header.has_backing)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EPERM,
                            "the base image %s is itself an overlay on %s, and could so read any "
                            "file; make one file of it with `qemu-img convert -O qcow2`",
                            path, header.backing_file);
    if (header.external_data)
        return refuse(err, path,
                      "keeps its data in another file, and could so read any; make one file of it "
                      "with `qemu-img convert -O qcow2`");
    if (header.encrypted)
        return refuse(err, path,
                      "is encrypted; decrypt it with `qemu-img convert` and use the result");
    if (header.corrupt)
        return refuse(err, path,
                      "is marked as corrupt by QEMU; try `qemu-img check -r all` on a copy");
    *ret = header.virtual_size;
    return 0;
}

static int virtual_size(const struct vt_base *base, enum vt_kind kind, const uint8_t *head,
                        size_t len, int cancel_fd, uint64_t *ret, struct vt_error *err)
{
    int r = 0;

    if (kind == VT_KIND_RAW)
        *ret = base->file_size;
    else if (kind == VT_KIND_QCOW2)
        r = probe_qcow2(base->path, head, len, ret, err);
    else
        r = vt_qemu_img_size(base->path, base->format, cancel_fd, ret, err);
    if (r == 0 && *ret == 0)
        r = refuse(err, base->path, "holds a disk of size 0");
    /* QEMU counts in sectors and fills up the last. */
    if (r == 0)
        *ret = (*ret + SECTOR - 1) / SECTOR * SECTOR;
    return r;
}

static int no_disk(struct vt_error *err, const char *path, enum vt_kind kind)
{
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, "%s is not a disk image: it %s", path,
                        vt_kind_text(kind));
}

static int probe_open(int fd, int cancel_fd, struct vt_base *base, struct vt_error *err)
{
    uint8_t head[VT_KIND_READ_SIZE];
    size_t len = 0;
    enum vt_kind kind;
    int r = vt_image_read_head(fd, head, sizeof(head), &len);

    if (r < 0)
        return vt_image_unreadable(err, base->path, -r, "virtainer");
    kind = vt_kind_of(head, len);
    base->format = vt_kind_format(kind);
    if (!base->format)
        return no_disk(err, base->path, kind);
    r = virtual_size(base, kind, head, len, cancel_fd, &base->virtual_size, err);
    if (r < 0)
        return r;
    r = vt_fingerprint(fd, base->file_size, &base->fingerprint);
    return r < 0 ? vt_image_unreadable(err, base->path, -r, "virtainer") : 0;
}

int vt_base_probe(const char *path, int cancel_fd, struct vt_base *ret, struct vt_error *err)
{
    VT_AUTO_BASE struct vt_base base = {.path = vt_image_absolute(path)};
    VT_AUTO_CLOSE int fd = vt_image_open(base.path, &base.file_size, err);
    int r;

    if (fd < 0)
        return fd;
    r = probe_open(fd, cancel_fd, &base, err);
    if (r < 0)
        return r;
    *ret = base;
    base = (struct vt_base){0};
    return 0;
}

int vt_image_is_packed(const char *path, bool *ret, struct vt_error *err)
{
    uint8_t head[VT_KIND_READ_SIZE];
    uint64_t size;
    size_t len = 0;
    VT_AUTO_CLOSE int fd = vt_image_open(path, &size, err);
    int r;

    if (fd < 0)
        return fd;
    r = vt_image_read_head(fd, head, sizeof(head), &len);
    if (r < 0)
        return vt_image_unreadable(err, path, -r, "virtainer");
    *ret = vt_kind_packed(vt_kind_of(head, len));
    return 0;
}

bool vt_base_is_libvirts(const struct vt_base *base)
{
    return !vt_streq(base->format, "vhdx");
}
