/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>

#include "base/str.h"
#include "image/kind.h"

/* How much of a list of files is told, and of a name. */
enum { LIST_MAX = 1000, NAME_MAX_SHOWN = 80 };

struct tar {
    struct vt_stream *stream;
    const char *path;
    vt_tar_write write;
    void *arg;
    struct archive *archive;
    unsigned disks;
    struct vt_buf list; /* the files seen so far, for messages */
    uint64_t size;      /* of the disk */

    /* What the stream said within libarchive, which hands on only that something failed. */
    int stream_result;
    struct vt_error stream_err;
};

/* One file of the archive while it is looked at. */
struct member {
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

static int failed(struct tar *tar, struct vt_error *err)
{
    const char *why = archive_error_string(tar->archive);

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
    int r = archive_read_data_block(tar->archive, &data, &m->len, &offset);

    if (r == ARCHIVE_EOF) {
        m->ended = true;
        return 0;
    }
    if (r != ARCHIVE_OK || offset < 0)
        return failed(tar, err);
    m->data = data;
    m->offset = (uint64_t)offset;
    m->end = m->offset + m->len;
    if (m->offset < sizeof(m->head)) {
        size_t room = sizeof(m->head) - (size_t)m->offset;

        memcpy(m->head + m->offset, m->data, m->len < room ? m->len : room);
    }
    return 0;
}

/* Write the last block but for what lies in the head. A map of holes may lie about where it ends.
 */
static int write_beyond_head(struct tar *tar, const struct member *m, struct vt_error *err)
{
    size_t skip = 0;

    if (m->end > tar->size)
        return failed(tar, err);
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

/* "disk.vmdk (vmdk, 300 MiB)"; a name may hold what a terminal should not get. */
static void add_to_list(struct tar *tar, const char *name, const char *format, uint64_t size)
{
    VT_AUTO_FREE char *shown = vt_strndup(name ? name : "?", NAME_MAX_SHOWN);
    VT_AUTO_FREE char *size_text = vt_size_text(size);

    for (char *c = shown; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = '?';
    }
    vt_buf_addf(&tar->list, "%s%s (%s%s%s)", tar->list.len ? ", " : "", shown, format ? format : "",
                format ? ", " : "", size_text);
}

static int take_member(struct tar *tar, struct archive_entry *entry, struct member *m,
                       struct vt_error *err)
{
    uint64_t size = (uint64_t)archive_entry_size(entry);
    size_t head_len;
    const char *name = archive_entry_pathname_utf8(entry);
    const char *format;
    int r = 0;

    memset(m, 0, sizeof(*m));
    while (r == 0 && !m->ended && m->end < sizeof(m->head))
        r = next_block(tar, m, err);
    if (r < 0)
        return r;
    head_len = size < sizeof(m->head) ? (size_t)size : sizeof(m->head);
    format = vt_kind_format(vt_kind_of(m->head, head_len));
    add_to_list(tar, name ? name : archive_entry_pathname(entry), format, size);
    if (!format)
        return 0;
    tar->disks++;
    if (tar->disks > 1)
        return 0;
    tar->size = size;
    return copy_disk(tar, m, head_len, err);
}

static bool is_file(struct archive_entry *entry)
{
    return archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
           archive_entry_size(entry) > 0;
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
            return failed(tar, err);
        r = is_file(entry) ? take_member(tar, entry, m, err) : 0;
        if (r < 0)
            return r;
    }
}

/* What follows the archive's end mark; the checksum of a compressed one is at the very end. */
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
                            "there is no disk image (qcow2, raw, vmdk, vdi or vhdx) in the archive "
                            "%s; it holds %s%s",
                            tar->path, list, more);
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
        return failed(&tar, err);
    r = take_members(&tar, err);
    if (r == 0)
        r = read_on(&tar, err);
    if (r == 0)
        r = check_count(&tar, err);
    if (r == 0)
        *ret_size = tar.size;
    return r;
}
