/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpack.h"

#include <errno.h>

#include "base/str.h"
#include "host/files.h"
#include "image/fingerprint.h"
#include "image/open.h"
#include "image/part.h"
#include "image/probe.h"
#include "image/stream.h"
#include "image/tar.h"

enum { HOLE_SIZE = 4096 };

struct unpack {
    const char *source;
    const char *destination;
    uint64_t source_size;
    int in;
    int out;
    int cancel_fd;
    const struct vt_progress *progress;
};

/* Cut one of the suffixes, ended by NULL, off the end of @name. */
static void cut_suffix(char *name, const char *const *suffixes)
{
    size_t len = strlen(name);

    for (; *suffixes; suffixes++) {
        size_t n = strlen(*suffixes);

        if (len > n && vt_streq(name + len - n, *suffixes)) {
            name[len - n] = '\0';
            return;
        }
    }
}

/* The name without its directory and the suffixes that tell how it is packed. */
static char *plain_name(const char *path)
{
    static const char *const compression[] = {".xz", ".gz", ".zst", ".bz2", NULL};
    static const char *const archive[] = {".tar", ".ova", ".tgz", ".txz", NULL};
    const char *slash = strrchr(path, '/');
    char *name = vt_strdup(slash ? slash + 1 : path);

    cut_suffix(name, compression);
    cut_suffix(name, archive);
    return name;
}

int vt_image_unpacked_path(const char *data_dir, const char *source, char **ret,
                           struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *name = plain_name(source);
    VT_AUTO_FREE char *fingerprint = NULL;
    uint64_t size;
    VT_AUTO_CLOSE int fd = vt_image_open(source, &size, err);
    int r;

    if (fd < 0)
        return fd;
    r = vt_fingerprint(fd, size, &fingerprint);
    if (r < 0)
        return vt_image_unreadable(err, source, -r, "virtainer");
    /* The size is part of the fingerprint. */
    *ret = vt_fmt("%s/.virtainer/images/%.16s-%.100s", dir, strchr(fingerprint, ':') + 1, name);
    return 0;
}

static bool is_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

static int write_at(const struct unpack *u, const uint8_t *data, size_t len, uint64_t offset,
                    struct vt_error *err)
{
    while (len > 0) {
        ssize_t n = pwrite(u->out, data, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vt_data_error(err, errno, "cannot write %s", u->destination);
        data += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write a run of blocks, leaving out those of zeros: the file is new, so that they are there as
 * holes. */
static int write_sparse(const struct unpack *u, const uint8_t *data, size_t len, uint64_t offset,
                        struct vt_error *err)
{
    size_t at = 0, pending = 0;
    int r = 0;

    while (r == 0 && at < len) {
        size_t n = HOLE_SIZE - (size_t)((offset + at) % HOLE_SIZE);

        if (n > len - at)
            n = len - at;
        if (is_zero(data + at, n)) {
            r = write_at(u, data + pending, at - pending, offset + pending, err);
            pending = at + n;
        }
        at += n;
    }
    return r < 0 ? r : write_at(u, data + pending, len - pending, offset + pending, err);
}

static int on_disk_data(const uint8_t *data, size_t len, uint64_t offset, void *arg,
                        struct vt_error *err)
{
    return write_sparse(arg, data, len, offset, err);
}

/* Write the stream as it is; *@ret_size becomes its size. */
static int copy(const struct unpack *u, struct vt_stream *stream, uint64_t *ret_size,
                struct vt_error *err)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    int r;

    *ret_size = 0;
    while ((r = vt_stream_next(stream, &data, &len, err)) > 0) {
        r = write_sparse(u, data, len, *ret_size, err);
        if (r < 0)
            return r;
        *ret_size += len;
    }
    return r;
}

static void free_stream(struct vt_stream **stream)
{
    vt_stream_free(*stream);
}

static int unpack(struct unpack *u, struct vt_error *err)
{
    VT_CLEANUP(free_stream) struct vt_stream *stream = NULL;
    uint64_t size = 0;
    int r =
        vt_stream_open(u->source, u->in, u->source_size, u->cancel_fd, u->progress, &stream, err);

    if (r < 0)
        return r;
    if (vt_stream_kind(stream) == VT_KIND_TAR)
        r = vt_tar_copy_disk(stream, u->source, on_disk_data, u, &size, err);
    else
        r = copy(u, stream, &size, err);
    /* It may end with zeros, which were left out. */
    if (r == 0 && ftruncate(u->out, (off_t)size) < 0)
        r = vt_data_error(err, errno, "cannot write %s", u->destination);
    return r;
}

static int check_packed(const struct unpack *u, struct vt_error *err)
{
    bool packed = false;
    int r = vt_image_is_packed(u->source, &packed, err);

    if (r == 0 && !packed)
        r = vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                         "%s is neither compressed nor an archive", u->source);
    return r;
}

int vt_image_unpack(const char *source, const char *destination, int cancel_fd,
                    const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_FREE char *part = NULL;
    struct unpack u = {
        .source = source, .destination = destination, .cancel_fd = cancel_fd, .progress = progress};
    VT_AUTO_CLOSE int in = -1;
    VT_AUTO_CLOSE int out = -1;
    int r;

    vt_part_remove_leftovers(destination);
    if (vt_path_exists(destination))
        return 0;
    in = vt_image_open(source, &u.source_size, err);
    if (in < 0)
        return in;
    r = check_packed(&u, err);
    if (r < 0)
        return r;
    out = vt_part_open(destination, &part, err);
    if (out < 0)
        return out;
    u.in = in;
    u.out = out;
    r = unpack(&u, err);
    if (r == 0)
        r = vt_part_finish(part, destination, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}
