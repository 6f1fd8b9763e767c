/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>

#include "base/str.h"
#include "image/hash.h"
#include "image/kind.h"

/* How much of a list of files is told, and of a name. */
enum { LIST_MAX = 1000, NAME_MAX_SHOWN = 80 };

/* Of a SHA-256. */
enum { HEX_SIZE = 64 };

struct tar {
    struct vt_stream *stream;
    const char *path;
    vt_tar_write write;
    void *arg;
    struct archive *archive;
    unsigned disks;
    unsigned layers;    /* of a container image */
    struct vt_buf list; /* the files seen so far, for messages */
    uint64_t size;      /* of the disk */

    /* What the stream said within libarchive, which hands on only that something
     * failed. */
    int stream_result;
    struct vt_error stream_err;
};

/* One file of the archive, or of a layer in it, while it is looked at. */
struct member {
    struct archive *archive; /* where it is in */
    uint64_t size;
    uint8_t head[VT_KIND_READ_SIZE];
    uint64_t end; /* where what was read so far ends */
    bool ended;
    /* the block that was read last */
    const uint8_t *data;
    size_t len;
    uint64_t offset;
};

static void tar_done(struct tar *tar)
{
    (void)archive_read_free(tar->archive);
    vt_buf_done(&tar->list);
    vt_error_done(&tar->stream_err);
}

static la_ssize_t on_read(struct archive *archive, void *arg, const void **ret)
{
    struct tar *tar = arg;
    const uint8_t *data = NULL;
    size_t len = 0;
    int r = vt_stream_next(tar->stream, &data, &len, &tar->stream_err);

    (void)archive;
    if (r < 0) {
        tar->stream_result = r;
        return ARCHIVE_FATAL;
    }
    *ret = data;
    return r == 0 ? 0 : (la_ssize_t)len;
}

static int failed(struct tar *tar, struct archive *archive, struct vt_error *err)
{
    const char *why = archive_error_string(archive);

    if (tar->stream_result < 0) {
        vt_error_move(err, &tar->stream_err);
        return tar->stream_result;
    }
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the archive %s is damaged or was cut short (%s); get it anew", tar->path,
                        why ? why : "no reason given");
}

/* Read the next block of @m and keep what belongs to its head. */
static int next_block(struct tar *tar, struct member *m, struct vt_error *err)
{
    const void *data;
    la_int64_t offset;
    int r = archive_read_data_block(m->archive, &data, &m->len, &offset);

    if (r == ARCHIVE_EOF) {
        m->ended = true;
        return 0;
    }
    if (r != ARCHIVE_OK || offset < 0)
        return failed(tar, m->archive, err);
    m->data = data;
    m->offset = (uint64_t)offset;
    m->end = m->offset + m->len;
    if (m->offset < sizeof(m->head)) {
        size_t room = sizeof(m->head) - (size_t)m->offset;

        memcpy(m->head + m->offset, m->data, m->len < room ? m->len : room);
    }
    return 0;
}

/* Write the last block but for what lies in the head. A map of holes may lie
 * about where it ends.
 */
static int write_beyond_head(struct tar *tar, const struct member *m, struct vt_error *err)
{
    size_t skip = 0;

    if (m->end > tar->size)
        return failed(tar, m->archive, err);
    if (m->end <= sizeof(m->head))
        return 0;
    if (m->offset < sizeof(m->head))
        skip = sizeof(m->head) - (size_t)m->offset;
    return tar->write(m->data + skip, m->len - skip, m->offset + skip, tar->arg, err);
}

static int copy_disk(struct tar *tar, struct member *m, size_t head_len, struct vt_error *err)
{
    int r = tar->write(m->head, head_len, 0, tar->arg, err);

    while (r == 0 && !m->ended) {
        r = write_beyond_head(tar, m, err);
        if (r == 0)
            r = next_block(tar, m, err);
    }
    return r;
}

/* "disk.vmdk (vmdk, 300 MiB)"; a name may hold what a terminal should not get.
 */
static void add_to_list(struct tar *tar, const char *name, const char *format, uint64_t size)
{
    VT_AUTO_FREE char *shown = vt_strndup(name, NAME_MAX_SHOWN);
    VT_AUTO_FREE char *size_text = vt_size_text(size);

    for (char *c = shown; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = '?';
    }
    vt_buf_addf(&tar->list, "%s%s (%s%s%s)", tar->list.len ? ", " : "", shown, format ? format : "",
                format ? ", " : "", size_text);
}

/* Read the beginning of @m; how much of its head that is. */
static int read_head(struct tar *tar, struct member *m, size_t *ret, struct vt_error *err)
{
    int r = 0;

    while (r == 0 && !m->ended && m->end < sizeof(m->head))
        r = next_block(tar, m, err);
    *ret = m->size < sizeof(m->head) ? (size_t)m->size : sizeof(m->head);
    return r;
}

/* Take @m if it is a disk, and if it is not, at least its name. */
static int take_disk(struct tar *tar, struct member *m, const char *name, size_t head_len,
                     struct vt_error *err)
{
    const char *format = vt_kind_format(vt_kind_of(m->head, head_len));

    add_to_list(tar, name, format, m->size);
    if (!format)
        return 0;
    tar->disks++;
    if (tar->disks > 1)
        return 0;
    tar->size = m->size;
    return copy_disk(tar, m, head_len, err);
}

static bool is_file(struct archive_entry *entry)
{
    return archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
           archive_entry_size(entry) > 0;
}

static const char *name_of(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);

    name = name ? name : archive_entry_pathname(entry);
    return name ? name : "?";
}

static void begin_member(struct member *m, struct archive *archive, struct archive_entry *entry)
{
    memset(m, 0, sizeof(*m));
    m->archive = archive;
    m->size = (uint64_t)archive_entry_size(entry);
}

/* ---- container images ---- */

/* A layer while it is read as an archive of its own. */
struct layer {
    struct tar *tar;
    struct member *blob;
    uint64_t at; /* how much of it was handed on */
    gnutls_hash_hd_t hash;
    int result; /* what reading the blob said, as libarchive hands on only that it
                   failed */
    struct vt_error err;
};

/* The next run of bytes of the blob. Returns 1, 0 at its end, or a negative
 * errno. */
static int next_of_blob(struct layer *layer, const uint8_t **ret, size_t *ret_len,
                        struct vt_error *err)
{
    struct member *m = layer->blob;
    int r = 0;

    if (layer->at == 0) {
        *ret = m->head;
        *ret_len = m->end < sizeof(m->head) ? (size_t)m->end : sizeof(m->head);
    } else {
        while (r == 0 && !m->ended && m->end <= layer->at)
            r = next_block(layer->tar, m, err);
        if (r < 0)
            return r;
        /* Nobody writes a layer with holes. */
        if (m->end > layer->at && m->offset > layer->at)
            return failed(layer->tar, m->archive, err);
        *ret_len = m->end > layer->at ? (size_t)(m->end - layer->at) : 0;
        *ret = m->data + (m->len - *ret_len);
    }
    layer->at += *ret_len;
    if (*ret_len > 0 && gnutls_hash(layer->hash, *ret, *ret_len) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cannot make a digest");
    return *ret_len > 0;
}

static la_ssize_t on_blob_read(struct archive *archive, void *arg, const void **ret)
{
    struct layer *layer = arg;
    const uint8_t *data = NULL;
    size_t len = 0;

    (void)archive;
    layer->result = next_of_blob(layer, &data, &len, &layer->err);
    if (layer->result < 0)
        return ARCHIVE_FATAL;
    *ret = data;
    return (la_ssize_t)len;
}

static int layer_failed(struct layer *layer, struct archive *archive, struct vt_error *err)
{
    if (layer->result >= 0)
        return failed(layer->tar, archive, err);
    vt_error_move(err, &layer->err);
    return layer->result;
}

/* Whether the file @name of a layer is where KubeVirt has the disk: right in
 * /disk. */
static bool is_in_disk(const char *name)
{
    name += vt_startswith(name, "./") ? 2 : 0;
    name += vt_startswith(name, "/") ? 1 : 0;
    return vt_startswith(name, "disk/") && !strchr(name + strlen("disk/"), '/');
}

static int take_files(struct layer *layer, struct archive *archive, struct member *m,
                      struct vt_error *err)
{
    struct tar *tar = layer->tar;
    struct archive_entry *entry;

    for (;;) {
        int r = archive_read_next_header(archive, &entry);
        size_t head_len = 0;

        if (r == ARCHIVE_EOF)
            return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
            return layer_failed(layer, archive, err);
        if (!is_file(entry))
            continue;
        begin_member(m, archive, entry);
        if (!is_in_disk(name_of(entry))) {
            add_to_list(tar, name_of(entry), NULL, m->size);
            continue;
        }
        r = read_head(tar, m, &head_len, err);
        if (r == 0)
            r = take_disk(tar, m, name_of(entry), head_len, err);
        /* It came from below where the blob could not be read on. */
        if (r < 0 && layer->result < 0)
            vt_error_done(err);
        if (r < 0)
            return layer->result < 0 ? layer_failed(layer, archive, err) : r;
    }
}

static int read_layer(struct layer *layer, struct vt_error *err)
{
    VT_AUTO_FREE struct member *m = vt_calloc(1, sizeof(*m));
    struct archive *archive = archive_read_new();
    int r;

    if (!archive || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(archive) != ARCHIVE_OK)
        r = vt_error_set(err, VT_CAUSE_INTERNAL, -ENOTSUP,
                         "this libarchive was built without tar, gzip or zstd");
    else if (archive_read_open(archive, layer, NULL, on_blob_read, NULL) != ARCHIVE_OK)
        r = layer_failed(layer, archive, err);
    else
        r = take_files(layer, archive, m, err);
    (void)archive_read_free(archive);
    return r;
}

/* The digest that the name of a blob promises, 64 digits within @name, or NULL.
 */
static const char *digest_in(const char *name)
{
    static const char blobs[] = "blobs/sha256/";
    const char *hex = name + (vt_startswith(name, "./") ? 2 : 0);
    const char *rest;

    hex += vt_startswith(hex, blobs) ? strlen(blobs) : 0;
    if (strspn(hex, "0123456789abcdef") != HEX_SIZE)
        return NULL;
    rest = hex + HEX_SIZE;
    return *rest == '\0' || vt_streq(rest, ".tar") ? hex : NULL;
}

/* Whether @name is one that layers have: in the OCI image layout, and in what
 * `docker save` and `podman save` write. */
static bool is_layer_name(const char *name)
{
    const char *slash = strrchr(name, '/');

    return digest_in(name) || (slash && vt_streq(slash, "/layer.tar"));
}

static int check_digest(struct layer *layer, const char *name, struct vt_error *err)
{
    const char *wanted = digest_in(name);
    const uint8_t *data = NULL;
    size_t len = 0;
    VT_AUTO_FREE char *got = NULL;
    int r;

    do
        r = next_of_blob(layer, &data, &len, err);
    while (r > 0);
    got = vt_hash_end(layer->hash);
    if (r < 0 || !wanted || strncmp(wanted, got, HEX_SIZE) == 0)
        return r;
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EBADMSG,
                        "the container image %s is damaged: its layer sha256:%.*s is sha256:%s; "
                        "get it anew",
                        layer->tar->path, HEX_SIZE, wanted, got);
}

/* Look for the disk in @m, whose head was read. */
static int take_layer(struct tar *tar, struct member *m, const char *name, struct vt_error *err)
{
    struct layer layer = {.tar = tar, .blob = m, .err = VT_ERROR_INIT};
    int r;

    if (gnutls_hash_init(&layer.hash, GNUTLS_DIG_SHA256) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot make a digest");
    tar->layers++;
    r = read_layer(&layer, err);
    if (r == 0)
        r = check_digest(&layer, name, err);
    else
        gnutls_hash_deinit(layer.hash, NULL);
    vt_error_done(&layer.err);
    return r;
}

/* ---- the archive ---- */

static bool is_layer_kind(enum vt_kind kind)
{
    return kind == VT_KIND_TAR || kind == VT_KIND_GZIP || kind == VT_KIND_ZSTD;
}

static int take_member(struct tar *tar, struct archive_entry *entry, struct member *m,
                       struct vt_error *err)
{
    VT_AUTO_FREE char *name = vt_strdup(name_of(entry));
    size_t head_len = 0;
    enum vt_kind kind;
    int r;

    begin_member(m, tar->archive, entry);
    r = read_head(tar, m, &head_len, err);
    if (r < 0)
        return r;
    kind = vt_kind_of(m->head, head_len);
    if (is_layer_name(name) && is_layer_kind(kind))
        return take_layer(tar, m, name, err);
    /* What else is called so is a container image's configuration, if it is no disk. */
    return is_layer_name(name) && !vt_kind_format(kind) ? 0
                                                        : take_disk(tar, m, name, head_len, err);
}

static int take_members(struct tar *tar, struct vt_error *err)
{
    VT_AUTO_FREE struct member *m = vt_calloc(1, sizeof(*m));
    struct archive_entry *entry;

    for (;;) {
        int r = archive_read_next_header(tar->archive, &entry);

        if (r == ARCHIVE_EOF)
            return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
            return failed(tar, tar->archive, err);
        r = is_file(entry) ? take_member(tar, entry, m, err) : 0;
        if (r < 0)
            return r;
    }
}

/* What follows the archive's end mark; the checksum of a compressed one is at
 * the very end. */
static int read_on(struct tar *tar, struct vt_error *err)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    int r;

    do
        r = vt_stream_next(tar->stream, &data, &len, err);
    while (r > 0);
    return r;
}

static int check_count(const struct tar *tar, struct vt_error *err)
{
    const char *list = tar->list.len ? vt_buf_str(&tar->list) : "nothing";
    const char *more = tar->list.overflowed ? "…" : "";

    if (tar->disks == 0)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "there is no disk image (qcow2, raw, vmdk, vdi or vhdx) in %s %s; it "
                            "holds %s%s",
                            tar->layers ? "/disk of the container image" : "the archive", tar->path,
                            list, more);
    if (tar->disks > 1)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "there are %u disk images in the archive %s, where one is expected; "
                            "take out the one to use: it holds %s%s",
                            tar->disks, tar->path, list, more);
    return 0;
}

int vt_tar_copy_disk(struct vt_stream *stream, const char *path, vt_tar_write write, void *arg,
                     uint64_t *ret_size, struct vt_error *err)
{
    VT_CLEANUP(tar_done)
    struct tar tar = {
        .stream = stream,
        .path = path,
        .write = write,
        .arg = arg,
        .archive = archive_read_new(),
        .list = VT_BUF_INIT(LIST_MAX),
        .stream_err = VT_ERROR_INIT,
    };
    int r;

    if (!tar.archive || archive_read_support_format_tar(tar.archive) != ARCHIVE_OK)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOTSUP,
                            "this libarchive was built without tar");
    if (archive_read_open(tar.archive, &tar, NULL, on_read, NULL) != ARCHIVE_OK)
        return failed(&tar, tar.archive, err);
    r = take_members(&tar, err);
    if (r == 0)
        r = read_on(&tar, err);
    if (r == 0)
        r = check_count(&tar, err);
    if (r == 0)
        *ret_size = tar.size;
    return r;
}
