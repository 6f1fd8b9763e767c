/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an image, packed or not: either it is unpacked, and what comes out is known for what
 * it is, or nothing stays.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "fuzz.h"
#include "host/files.h"
#include "image/kind.h"
#include "image/open.h"
#include "image/probe.h"
#include "image/unpack.h"

static void put(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
        abort();
}

static enum vt_kind kind_of(const char *path)
{
    uint8_t head[VT_KIND_READ_SIZE];
    uint64_t size;
    size_t len = 0;
    VT_AUTO_CLOSE int fd = vt_image_open(path, &size, NULL);

    if (fd < 0 || vt_image_read_head(fd, head, sizeof(head), &len) < 0 || len > size ||
        vt_kind_of(head, len) >= VT_KIND_MAX_)
        abort();
    return vt_kind_of(head, len);
}

/* What a start makes of it; the other formats would run qemu-img each time. */
static void look_at(const char *path)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    enum vt_kind kind = kind_of(path);

    if (vt_kind_format(kind) && kind != VT_KIND_RAW && kind != VT_KIND_QCOW2)
        return;
    if (vt_base_probe(path, -1, &base, &err) < 0) {
        if (!err.msg || base.path)
            abort();
        return;
    }
    if (err.msg || base.format != vt_kind_format(kind) || !base.fingerprint ||
        base.virtual_size == 0 || base.virtual_size % 512 != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/vt-fuzz-unpack-XXXXXX";
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *in = NULL, *out = NULL;
    int r;

    if (!mkdtemp(dir))
        abort();
    in = vt_fmt("%s/in", dir);
    out = vt_fmt("%s/out", dir);
    put(in, data, size);
    look_at(in);
    r = vt_image_unpack(in, out, -1, NULL, &err);
    if ((r < 0) != (err.msg != NULL) || (r == 0) != vt_path_exists(out))
        abort();
    if (r == 0)
        look_at(out);
    (void)unlink(out);
    (void)unlink(in);
    /* Fails when something else has stayed. */
    if (rmdir(dir) < 0)
        abort();
    return 0;
}
