/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"

int vt_image_unreadable(struct vt_error *err, const char *path, int errnum, const char *who)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, errnum,
                              "%s cannot read %s (make the directories above it passable)", who,
                              path);
    return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, errnum,
                          "%s cannot read %s, which belongs to user %u, group %u and has mode %04o "
                          "(`chmod a+r` on it, outside the container, would help)",
                          who, path, st.st_uid, st.st_gid, st.st_mode & 07777U);
}

static int open_failed(struct vt_error *err, const char *path, int errnum)
{
    if (errnum == ENOENT || errnum == ENOTDIR)
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -errnum,
                            "there is no base image at %s; mount one there", path);
    return vt_image_unreadable(err, path, errnum, "virtainer");
}

int vt_image_open(const char *path, uint64_t *ret_size, struct vt_error *err)
{
    /* Not to wait for a writer if somebody mounted a FIFO. */
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    off_t size;

    if (fd < 0 || fstat(fd, &st) < 0)
        return open_failed(err, path, errno);
    if (S_ISDIR(st.st_mode))
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -EISDIR,
                            "%s is a directory where an image file is expected; docker makes one "
                            "when the path given to -v does not exist on the host: check that path",
                            path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "%s is neither a file nor a disk, and cannot be a base image", path);
    size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return vt_image_unreadable(err, path, errno, "virtainer");
    *ret_size = (uint64_t)size;
    return VT_TAKE_FD(fd);
}

int vt_image_read_head(int fd, uint8_t *buf, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = pread(fd, buf + len, size - len, (off_t)len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

char *vt_image_absolute(const char *path)
{
    VT_AUTO_FREE char *cwd = NULL;

    if (path[0] == '/')
        return vt_strdup(path);
    cwd = get_current_dir_name();
    return cwd ? vt_fmt("%s/%s", cwd, path) : vt_strdup(path);
}
