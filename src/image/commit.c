/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "image/oci_write.h"
#include "image/open.h"
#include "image/part.h"
#include "image/qemu_img.h"

const char *const vt_commit_formats[] = {"qcow2", "raw", NULL};

struct work {
    const struct vt_commit *commit;
    char *to; /* absolute */
    int cancel_fd;
    const struct vt_progress *progress;
};

static void work_done(struct work *work)
{
    free(work->to);
}

static int cannot_write(const char *to, int errnum, struct vt_error *err)
{
    if (errnum == ENOSPC || errnum == EDQUOT)
        return vt_error_set(err, VT_CAUSE_DATA_FULL, -errnum,
                            "the file system of %s is full: free some space there", to);
    return vt_error_errno(err, VT_CAUSE_USAGE, errnum, "cannot write %s", to);
}

int vt_commit_check(const struct vt_commit *commit, struct vt_error *err)
{
    VT_AUTO_FREE char *to = vt_image_absolute(commit->to);
    VT_AUTO_FREE char *copy = vt_strdup(to);
    const char *parent = dirname(copy);
    struct stat st;

    if (commit->compress && !vt_streq(commit->format, "qcow2"))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "only a qcow2 can be compressed");
    if (lstat(to, &st) == 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EEXIST,
                            "%s is there already: remove it, or give another name", to);
    if (stat(parent, &st) < 0 || !S_ISDIR(st.st_mode))
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOTDIR,
                            "there is no directory %s: mount one there (-v HOST_DIRECTORY:%s)",
                            parent, parent);
    return 0;
}

/* A temporary file beside the one to make; its name in @ret. */
static int make_part(const struct work *work, char **ret, struct vt_error *err)
{
    int fd = vt_part_open(work->to, ret, NULL);

    return fd < 0 ? cannot_write(work->to, -fd, err) : fd;
}

static int finish(const struct work *work, const char *part, struct vt_error *err)
{
    int r = vt_part_finish(part, work->to, NULL);

    return r < 0 ? cannot_write(work->to, -r, err) : 0;
}

/* How well it compresses is not known before. */
static int check_room(const struct work *work, uint64_t size, struct vt_error *err)
{
    if (work->commit->compress)
        return 0;
    return vt_part_check_room(work->to, work->commit->container_disk ? 2 * size : size, err);
}

/* A full file system may be another than the data directory's, to which the advice would belong. */
static int reword(const struct work *work, int r, struct vt_error *err)
{
    if (r != -ENOSPC || !err)
        return r;
    vt_error_done(err);
    return cannot_write(work->to, ENOSPC, err);
}

static int write_disk(const struct work *work, const char *part, struct vt_error *err)
{
    const struct vt_commit *commit = work->commit;
    struct vt_conversion conversion = {
        .from = commit->overlay,
        .to = part,
        .format = commit->format,
        .compress = commit->compress,
    };
    int r = vt_qemu_img_measure(commit->overlay, commit->format, work->cancel_fd, &conversion.size,
                                err);

    if (r == 0)
        r = check_room(work, conversion.size, err);
    if (r < 0)
        return r;
    r = vt_qemu_img_convert(&conversion, work->cancel_fd, work->progress, err);
    return reword(work, r, err);
}

static int pack(const struct work *work, const char *disk, struct vt_error *err)
{
    VT_AUTO_FREE char *part = NULL;
    VT_AUTO_CLOSE int fd = make_part(work, &part, err);
    const struct vt_oci_disk content = {
        .path = disk,
        .archive = work->to,
        .suffix = vt_streq(work->commit->format, "qcow2") ? "qcow2" : "img",
    };
    int r;

    if (fd < 0)
        return fd;
    r = vt_oci_write(&content, fd, work->cancel_fd, work->progress, err);
    r = reword(work, r, err);
    if (r == 0)
        r = finish(work, part, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}

int vt_commit_make(const struct vt_commit *commit, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err)
{
    VT_CLEANUP(work_done)
    struct work work = {commit, vt_image_absolute(commit->to), cancel_fd, progress};
    VT_AUTO_FREE char *part = NULL;
    int r = vt_commit_check(commit, err);
    int fd;

    if (r < 0)
        return r;
    vt_part_remove_leftovers(work.to);
    fd = make_part(&work, &part, err);
    if (fd < 0)
        return fd;
    (void)close(fd);
    r = write_disk(&work, part, err);
    if (r == 0)
        r = commit->container_disk ? pack(&work, part, err) : finish(&work, part, err);
    if (r < 0 || commit->container_disk)
        (void)unlink(part);
    return r;
}
