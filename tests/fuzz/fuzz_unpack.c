/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an image, packed or not: either it is unpacked, and what comes out is known for what
 * it is, or nothing stays. In pieces, as from a download, they are the same.
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
#include "image/unpacker.h"

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

static void assert_same(const char *a, const char *b)
{
    VT_AUTO_FREE char *x = NULL, *y = NULL;
    size_t x_len = 0, y_len = 0;

    if (vt_file_read(a, 64 << 20, &x, &x_len) < 0)
        return;
    if (vt_file_read(b, 64 << 20, &y, &y_len) < 0 || x_len != y_len || memcmp(x, y, x_len) != 0)
        abort();
}

/* Unpack @in while it arrives; @out is what it was unpacked to as a whole, if it was. */
static void arrive(const char *in, const char *out, const uint8_t *data, size_t size)
{
    VT_AUTO_CLOSE int fd = open(in, O_RDONLY | O_CLOEXEC);
    VT_AUTO_FREE char *destination = vt_fmt("%s-arriving", out);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacked made = {0};
    struct vt_unpacker *u = NULL;
    int r;

    if (vt_unpacker_begin(in, fd, destination, true, &u, &err) < 0)
        abort();
    vt_unpacker_reach(u, size / 2);
    vt_unpacker_reach(u, size > 0 ? size / 2 + data[size - 1] % (size - size / 2) : 0);
    r = vt_unpacker_finish(u, size, -1, NULL, &made, &err);
    vt_unpacker_free(u);
    if ((r < 0) != (err.msg != NULL) || (r == 0 && made.path) != vt_path_exists(out))
        abort();
    if (made.path) {
        assert_same(out, made.path);
        (void)unlink(made.path);
    }
    vt_unpacked_done(&made);
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
    arrive(in, out, data, size);
    (void)unlink(out);
    (void)unlink(in);
    /* Fails when something else has stayed. */
    if (rmdir(dir) < 0)
        abort();
    return 0;
}
