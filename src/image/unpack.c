/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <poll.h>

#include "base/str.h"
#include "host/files.h"
#include "image/crc32.h"
#include "image/fingerprint.h"
#include "image/open.h"
#include "image/part.h"
#include "image/probe.h"

enum { READ_SIZE = 256 * 1024, HOLE_SIZE = 4096 };

struct unpack {
    const char *source;
    const char *destination;
    uint64_t source_size;
    int in;
    int out;
    int cancel_fd;
    const struct vt_progress *progress;
};

/* The name without its directory and, if it has one, the suffix that tells of compression. */
static char *plain_name(const char *path)
{
    static const char *const suffixes[] = {".xz", ".gz", ".zst", ".bz2"};
    const char *name = strrchr(path, '/');
    size_t len;

    name = name ? name + 1 : path;
    len = strlen(name);
    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        size_t n = strlen(suffixes[i]);

        if (len > n && vt_streq(name + len - n, suffixes[i]))
            return vt_strndup(name, len - n);
    }
    return vt_strdup(name);
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

static bool cancelled(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static int archive_failed(const struct unpack *u, struct archive *archive, struct vt_error *err)
{
    const char *why = archive_error_string(archive);

    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the compressed image %s is damaged or was cut short (%s); get it anew",
                        u->source, why ? why : "no reason given");
}

/* What was unpacked so far. */
struct output {
    uint64_t size;
    uint32_t crc; /* for gzip only */
};

static int copy_block(const struct unpack *u, struct archive *archive, const void *data, size_t len,
                      uint64_t offset, struct vt_error *err)
{
    if (cancelled(u->cancel_fd))
        return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while unpacking %s",
                            u->source);
    vt_progress_step(u->progress, "unpacking", (uint64_t)archive_filter_bytes(archive, -1),
                     u->source_size);
    return write_sparse(u, data, len, offset, err);
}

static int copy(const struct unpack *u, struct archive *archive, struct output *output,
                struct vt_error *err)
{
    bool gzip = archive_filter_code(archive, 0) == ARCHIVE_FILTER_GZIP;

    for (;;) {
        const void *data;
        size_t len;
        la_int64_t offset;
        int r = archive_read_data_block(archive, &data, &len, &offset);

        if (r == ARCHIVE_EOF)
            return 0;
        if (r != ARCHIVE_OK)
            return archive_failed(u, archive, err);
        r = copy_block(u, archive, data, len, (uint64_t)offset, err);
        if (r < 0)
            return r;
        if (gzip)
            output->crc = vt_crc32(output->crc, data, len);
        output->size = (uint64_t)offset + len;
    }
}

/*
 * Compare what came out with a gzip file's last eight bytes, its CRC and size (RFC 1952 2.3.1).
 * Several gzip files in one are allowed there and refused here: only the last part's CRC stands at
 * the end.
 */
static int check_gzip(const struct unpack *u, const struct output *output, struct vt_error *err)
{
    uint8_t end[8] = {0};
    uint64_t wanted = (output->size & UINT32_MAX) << 32 | output->crc, found = 0;

    if (u->source_size < sizeof(end) ||
        pread(u->in, end, sizeof(end), (off_t)(u->source_size - sizeof(end))) != sizeof(end))
        return vt_image_unreadable(err, u->source, EIO, "virtainer");
    for (size_t i = 0; i < sizeof(end); i++)
        found |= (uint64_t)end[i] << (8 * i);
    if (found == wanted)
        return 0;
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the compressed image %s is damaged (its checksum differs), or consists of "
                        "several gzip files; get it anew, or pack it as one",
                        u->source);
}

static int copy_checked(const struct unpack *u, struct archive *archive, struct vt_error *err)
{
    struct output output = {0};
    int r = copy(u, archive, &output, err);

    if (r == 0 && archive_filter_code(archive, 0) == ARCHIVE_FILTER_GZIP)
        r = check_gzip(u, &output, err);
    if (r < 0)
        return r;
    if (ftruncate(u->out, (off_t)output.size) < 0)
        return vt_data_error(err, errno, "cannot write %s", u->destination);
    return 0;
}

static void free_archive(struct archive **archive)
{
    (void)archive_read_free(*archive);
}

static int unpack(const struct unpack *u, struct vt_error *err)
{
    VT_CLEANUP(free_archive) struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    int r;

    if (!archive || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(archive) != ARCHIVE_OK)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOTSUP,
                            "this libarchive was built without gzip, xz, zstd or bzip2");
    if (lseek(u->in, 0, SEEK_SET) < 0)
        return vt_image_unreadable(err, u->source, errno, "virtainer");
    if (archive_read_open_fd(archive, u->in, READ_SIZE) != ARCHIVE_OK)
        return archive_failed(u, archive, err);
    r = archive_read_next_header(archive, &entry);
    /* Cut within its first bytes, it is no longer seen as compressed, and would be copied as it is.
     */
    if (archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE)
        return archive_failed(u, archive, err);
    if (r == ARCHIVE_EOF)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "the compressed image %s holds nothing", u->source);
    return r == ARCHIVE_OK ? copy_checked(u, archive, err) : archive_failed(u, archive, err);
}

static int check_packed(const struct unpack *u, struct vt_error *err)
{
    bool packed = false;
    int r = vt_image_is_packed(u->source, &packed, err);

    if (r == 0 && !packed)
        r = vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, "%s is not compressed", u->source);
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
