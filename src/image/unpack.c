/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "host/files.h"
#include "image/fingerprint.h"
#include "image/hash.h"
#include "image/open.h"
#include "image/part.h"
#include "image/probe.h"
#include "image/stream.h"
#include "image/tar.h"

enum { HOLE_SIZE = 4096 };

/* More zeros than that are not hashed here: an archive may claim any number of them. */
#define HOLE_MAX (UINT64_C(1) << 30)

/* After so many bytes the disk is to begin with them, so that the sync at the end has little to
 * wait for. */
#define PUSH_SIZE (UINT64_C(16) << 20)

struct unpack {
    const struct vt_unpack *wanted;
    gnutls_hash_hd_t hash; /* NULL: no digest is asked for, or none can be made */
    uint64_t hashed;       /* bytes of the image */
    uint64_t pushed;       /* what was written since the last push begins here */
    uint64_t unpushed;     /* how many bytes that are, without the holes among them */
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

char *vt_image_plain_path(const char *path)
{
    static const char *const compression[] = {".xz", ".gz", ".zst", ".bz2", NULL};
    static const char *const archive[] = {".tar", ".ova", ".tgz", ".txz", NULL};
    char *plain = vt_strdup(path);
    char *slash = strrchr(plain, '/');
    char *name = slash ? slash + 1 : plain;

    cut_suffix(name, compression);
    cut_suffix(name, archive);
    return plain;
}

int vt_image_unpacked_path(const char *data_dir, const char *source, char **ret,
                           struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *plain = vt_image_plain_path(source);
    VT_AUTO_FREE char *fingerprint = NULL;
    const char *slash = strrchr(plain, '/');
    uint64_t size;
    VT_AUTO_CLOSE int fd = vt_image_open(source, &size, err);
    int r;

    if (fd < 0)
        return fd;
    r = vt_fingerprint(fd, size, &fingerprint);
    if (r < 0)
        return vt_image_unreadable(err, source, -r, "virtainer");
    vt_part_safe_name(plain);
    /* The size is part of the fingerprint. */
    *ret = vt_fmt("%s/.virtainer/images/%.16s-%.100s", dir, strchr(fingerprint, ':') + 1,
                  slash ? slash + 1 : plain);
    return 0;
}

static bool is_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* Up to @end bytes were written, @len of them now. A file system that cannot begin with them does
 * it all in the sync. */
static void push(struct unpack *u, uint64_t len, uint64_t end)
{
    if (end - len < u->pushed)
        u->pushed = end - len;
    u->unpushed += len;
    if (u->unpushed < PUSH_SIZE)
        return;
    (void)sync_file_range(u->wanted->out, (off_t)u->pushed, (off_t)(end - u->pushed),
                          SYNC_FILE_RANGE_WRITE);
    u->pushed = end;
    u->unpushed = 0;
}

static int write_at(struct unpack *u, const uint8_t *data, size_t len, uint64_t offset,
                    struct vt_error *err)
{
    while (len > 0) {
        ssize_t n = pwrite(u->wanted->out, data, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vt_data_error(err, errno, "cannot write %s", u->wanted->destination);
        push(u, (uint64_t)n, offset + (uint64_t)n);
        data += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write a run of blocks, leaving out those of zeros: the file is new, so that they are there as
 * holes. */
static int write_sparse(struct unpack *u, const uint8_t *data, size_t len, uint64_t offset,
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

static void forget_hash(struct unpack *u)
{
    if (u->hash)
        gnutls_hash_deinit(u->hash, NULL);
    u->hash = NULL;
}

/* Returns whether it is done; a stop does not wait for it. */
static bool hash_zeros(struct unpack *u, uint64_t len)
{
    static const uint8_t zeros[65536];

    if (len > HOLE_MAX)
        return false;
    while (len > 0) {
        size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

        if (vt_is_readable(u->wanted->cancel_fd) || gnutls_hash(u->hash, zeros, n) < 0)
            return false;
        u->hashed += n;
        len -= n;
    }
    return true;
}

/* The digest goes on with @data at @offset, and with zeros before it. An archive's map of holes may
 * go back. */
static void hash_more(struct unpack *u, const uint8_t *data, size_t len, uint64_t offset)
{
    if (!u->hash)
        return;
    if (offset < u->hashed || !hash_zeros(u, offset - u->hashed) ||
        gnutls_hash(u->hash, data, len) < 0) {
        forget_hash(u);
        return;
    }
    u->hashed += len;
}

static int on_disk_data(const uint8_t *data, size_t len, uint64_t offset, void *arg,
                        struct vt_error *err)
{
    struct unpack *u = arg;
    /* First, as the file system refuses an absurd offset. */
    int r = write_sparse(u, data, len, offset, err);

    if (r == 0)
        hash_more(u, data, len, offset);
    return r;
}

/* Write the stream as it is; *@ret_size becomes its size. */
static int copy(struct unpack *u, struct vt_stream *stream, uint64_t *ret_size,
                struct vt_error *err)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    int r;

    *ret_size = 0;
    while ((r = vt_stream_next(stream, &data, &len, err)) > 0) {
        r = on_disk_data(data, len, *ret_size, u, err);
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

static int unpack(struct unpack *u, uint64_t *ret_size, struct vt_error *err)
{
    const struct vt_unpack *w = u->wanted;
    VT_CLEANUP(free_stream) struct vt_stream *stream = NULL;
    int r = vt_stream_open(w->source, w->input, w->size, w->cancel_fd, w->progress, &stream, err);

    if (r < 0)
        return r;
    return vt_stream_kind(stream) == VT_KIND_TAR
               ? vt_tar_copy_disk(stream, w->source, on_disk_data, u, ret_size, err)
               : copy(u, stream, ret_size, err);
}

int vt_unpack_run(const struct vt_unpack *wanted, struct vt_error *err)
{
    struct unpack u = {.wanted = wanted};
    uint64_t size = 0;
    int r;

    if (wanted->ret_digest && gnutls_hash_init(&u.hash, GNUTLS_DIG_SHA256) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot make a sha256");
    r = unpack(&u, &size, err);
    /* It may end with zeros, which were left out. */
    if (r == 0 && ftruncate(wanted->out, (off_t)size) < 0)
        r = vt_data_error(err, errno, "cannot write %s", wanted->destination);
    if (r == 0)
        hash_more(&u, NULL, 0, size);
    if (r == 0 && wanted->ret_digest) {
        *wanted->ret_digest = u.hash ? vt_hash_end(u.hash) : NULL;
        u.hash = NULL;
    }
    forget_hash(&u);
    return r;
}

static int check_packed(const char *source, struct vt_error *err)
{
    bool packed = false;
    int r = vt_image_is_packed(source, &packed, err);

    if (r == 0 && !packed)
        r = vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                         "%s is neither compressed nor an archive", source);
    return r;
}

int vt_image_unpack(const char *source, const char *destination, int cancel_fd,
                    const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_FREE char *part = NULL;
    struct vt_unpack u = {
        .source = source, .destination = destination, .cancel_fd = cancel_fd, .progress = progress};
    struct vt_input input = {.fd = -1};
    VT_AUTO_CLOSE int in = -1;
    VT_AUTO_CLOSE int out = -1;
    int r;

    vt_part_remove_leftovers(destination);
    if (vt_path_exists(destination))
        return 0;
    in = vt_image_open(source, &u.size, err);
    if (in < 0)
        return in;
    r = check_packed(source, err);
    if (r < 0)
        return r;
    out = vt_part_open(destination, &part, err);
    if (out < 0)
        return out;
    input.fd = in;
    u.input = &input;
    u.out = out;
    r = vt_unpack_run(&u, err);
    if (r == 0)
        r = vt_part_finish(part, destination, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}
