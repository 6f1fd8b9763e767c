/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an image that is packed: either it is unpacked, and what comes out can be told from
 * a disk image, or nothing stays.
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
#include "image/unpack.h"

static void put(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
        abort();
}

static void look_at(const char *path)
{
    uint8_t head[VT_KIND_READ_SIZE];
    uint64_t size;
    size_t len = 0;
    VT_AUTO_CLOSE int fd = vt_image_open(path, &size, NULL);

    if (fd < 0 || vt_image_read_head(fd, head, sizeof(head), &len) < 0 || len > size ||
        vt_kind_of(head, len) >= VT_KIND_MAX_)
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
