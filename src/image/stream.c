/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>

#include "base/str.h"
#include "host/files.h"
#include "image/crc32.h"
#include "image/xz.h"

enum { READ_SIZE = 256 * 1024 };

struct vt_stream {
    const char *path;
    const struct vt_input *input;
    uint64_t at; /* how much of it libarchive has got */
    uint64_t file_size;
    int cancel_fd;
    const struct vt_progress *progress;
    struct archive *archive; /* of libarchive; NULL: xz */
    uint8_t *in;             /* its next bytes */
    int read_error;          /* a negative errno that it hands on only as a failure */
    struct vt_xz *xz;
    bool gzip;
    bool ended;
    uint64_t size; /* of what was read */
    uint32_t crc;  /* of it, for gzip only */

    /* The beginning, read ahead for vt_stream_kind(), and the rest of the block it ends in. */
    uint8_t head[VT_KIND_READ_SIZE];
    size_t head_len;
    const uint8_t *rest;
    size_t rest_len;
    bool head_given;
};

static int damaged_as(const struct vt_stream *s, const char *why, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the compressed image %s is damaged or was cut short (%s); get it anew",
                        s->path, why ? why : "no reason given");
}

static int unreadable(const struct vt_stream *s, int r, struct vt_error *err)
{
    return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, -r, "cannot read %s", s->path);
}

static int damaged(const struct vt_stream *s, struct vt_error *err)
{
    if (s->read_error < 0)
        return unreadable(s, s->read_error, err);
    return damaged_as(s, archive_error_string(s->archive), err);
}

static la_ssize_t on_read(struct archive *archive, void *arg, const void **ret)
{
    struct vt_stream *s = arg;
    ssize_t n = vt_input_read(s->input, s->in, READ_SIZE, s->at);

    if (n < 0) {
        s->read_error = (int)n;
        archive_set_error(archive, (int)-n, "it cannot be read");
        return ARCHIVE_FATAL;
    }
    s->at += (uint64_t)n;
    *ret = s->in;
    return n;
}

/* Read what libarchive has left of the input, and of all of it keep the last bytes. */
static int read_end(struct vt_stream *s, uint8_t *end, size_t size)
{
    uint64_t at = s->at;
    ssize_t n;

    while ((n = vt_input_read(s->input, s->in, READ_SIZE, at)) > 0)
        at += (uint64_t)n;
    if (n == 0)
        n = at < size ? -EIO : vt_input_read(s->input, end, size, at - size);
    return n < 0 ? (int)n : (size_t)n == size ? 0 : -EIO;
}

/*
 * Compare what came out with a gzip file's last eight bytes, its CRC and size (RFC 1952 2.3.1).
 * Several gzip files in one are allowed there and refused here: only the last part's CRC stands at
 * the end.
 */
static int check_gzip(struct vt_stream *s, struct vt_error *err)
{
    uint8_t end[8] = {0};
    uint64_t wanted = (s->size & UINT32_MAX) << 32 | s->crc, found = 0;
    int r = read_end(s, end, sizeof(end));

    if (r < 0)
        return unreadable(s, r, err);
    for (size_t i = 0; i < sizeof(end); i++)
        found |= (uint64_t)end[i] << (8 * i);
    if (found == wanted)
        return 0;
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the compressed image %s is damaged (its checksum differs), or consists of "
                        "several gzip files; get it anew, or pack it as one",
                        s->path);
}

/* The next block of libarchive's; at the end gzip's checksum is compared. */
static int next_of_archive(struct vt_stream *s, const uint8_t **ret_data, size_t *ret_len,
                           struct vt_error *err)
{
    const void *data;
    la_int64_t offset;
    int r = archive_read_data_block(s->archive, &data, ret_len, &offset);

    if (r == ARCHIVE_EOF)
        return s->gzip ? check_gzip(s, err) : 0;
    if (r != ARCHIVE_OK)
        return damaged(s, err);
    *ret_data = data;
    if (s->gzip)
        s->crc = vt_crc32(s->crc, *ret_data, *ret_len);
    return 1;
}

static int next_of_xz(struct vt_stream *s, const uint8_t **ret_data, size_t *ret_len,
                      struct vt_error *err)
{
    const char *why = NULL;
    int r = vt_xz_next(s->xz, ret_data, ret_len, &why);

    return r < 0 ? damaged_as(s, why, err) : r;
}

static uint64_t bytes_taken(const struct vt_stream *s)
{
    return s->xz ? vt_xz_taken(s->xz) : (uint64_t)archive_filter_bytes(s->archive, -1);
}

/* The next block: as vt_stream_next(), without what was read ahead. */
static int next_block(struct vt_stream *s, const uint8_t **ret_data, size_t *ret_len,
                      struct vt_error *err)
{
    int r;

    if (s->ended)
        return 0;
    *ret_len = 0;
    /* xz gives nothing now and then. */
    do {
        if (vt_is_readable(s->cancel_fd))
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while unpacking %s",
                                s->path);
        r = s->xz ? next_of_xz(s, ret_data, ret_len, err)
                  : next_of_archive(s, ret_data, ret_len, err);
        if (r <= 0) {
            s->ended = r == 0;
            return r;
        }
        vt_progress_step(s->progress, "unpacking", bytes_taken(s), s->file_size);
    } while (*ret_len == 0);
    s->size += *ret_len;
    return 1;
}

static int read_ahead(struct vt_stream *s, struct vt_error *err)
{
    while (s->head_len < sizeof(s->head)) {
        const uint8_t *data = NULL;
        size_t len = 0, part;
        int r = next_block(s, &data, &len, err);

        if (r <= 0)
            return r;
        assert(data);
        part = len < sizeof(s->head) - s->head_len ? len : sizeof(s->head) - s->head_len;
        memcpy(s->head + s->head_len, data, part);
        s->head_len += part;
        s->rest = data + part;
        s->rest_len = len - part;
    }
    return 0;
}

int vt_stream_next(struct vt_stream *s, const uint8_t **ret_data, size_t *ret_len,
                   struct vt_error *err)
{
    if (!s->head_given && s->head_len > 0) {
        s->head_given = true;
        *ret_data = s->head;
        *ret_len = s->head_len;
        return 1;
    }
    if (s->rest_len > 0) {
        *ret_data = s->rest;
        *ret_len = s->rest_len;
        s->rest_len = 0;
        return 1;
    }
    return next_block(s, ret_data, ret_len, err);
}

enum vt_kind vt_stream_kind(const struct vt_stream *s)
{
    return vt_kind_of(s->head, s->head_len);
}

/* By what the file is packed, if by anything. */
static int find_kind(const struct vt_stream *s, enum vt_kind *ret, struct vt_error *err)
{
    uint8_t head[VT_KIND_READ_SIZE];
    size_t len = 0;
    int r = vt_input_read_head(s->input, head, sizeof(head), &len);

    if (r < 0)
        return unreadable(s, r, err);
    *ret = vt_kind_of(head, len);
    return 0;
}

static int holds_nothing(const struct vt_stream *s, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, "the compressed image %s holds nothing",
                        s->path);
}

static int open_xz(struct vt_stream *s, struct vt_error *err)
{
    int r;

    s->xz = vt_xz_open(s->input);
    if (!s->xz)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "liblzma cannot be used");
    r = read_ahead(s, err);
    return r == 0 && s->head_len == 0 ? holds_nothing(s, err) : r;
}

static int open_archive(struct vt_stream *s, bool compressed, struct vt_error *err)
{
    struct archive_entry *entry;
    int r;

    s->archive = archive_read_new();
    if (!s->archive || archive_read_support_filter_gzip(s->archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(s->archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(s->archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(s->archive) != ARCHIVE_OK)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOTSUP,
                            "this libarchive was built without gzip, zstd or bzip2");
    s->in = vt_calloc(1, READ_SIZE);
    if (archive_read_open(s->archive, s, NULL, on_read, NULL) != ARCHIVE_OK)
        return damaged(s, err);
    r = archive_read_next_header(s->archive, &entry);
    /* Cut within its first bytes, it is no longer seen as compressed, and would be copied as it is.
     */
    if (compressed && archive_filter_code(s->archive, 0) == ARCHIVE_FILTER_NONE)
        return damaged(s, err);
    if (r == ARCHIVE_EOF)
        return holds_nothing(s, err);
    s->gzip = archive_filter_code(s->archive, 0) == ARCHIVE_FILTER_GZIP;
    return r == ARCHIVE_OK ? read_ahead(s, err) : damaged(s, err);
}

static int open_file(struct vt_stream *s, struct vt_error *err)
{
    enum vt_kind kind = VT_KIND_UNKNOWN;
    int r = find_kind(s, &kind, err);

    if (r < 0)
        return r;
    /* libarchive has one thread for it. */
    return kind == VT_KIND_XZ ? open_xz(s, err) : open_archive(s, vt_kind_compressed(kind), err);
}

int vt_stream_open(const char *path, const struct vt_input *input, uint64_t size, int cancel_fd,
                   const struct vt_progress *progress, struct vt_stream **ret, struct vt_error *err)
{
    struct vt_stream *s = vt_calloc(1, sizeof(*s));
    int r;

    s->path = path;
    s->input = input;
    s->file_size = size;
    s->cancel_fd = cancel_fd;
    s->progress = progress;
    r = open_file(s, err);
    if (r < 0)
        vt_stream_free(s);
    else
        *ret = s;
    return r;
}

void vt_stream_free(struct vt_stream *s)
{
    if (!s)
        return;
    (void)archive_read_free(s->archive);
    vt_xz_free(s->xz);
    free(s->in);
    free(s);
}
