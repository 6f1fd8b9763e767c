/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Between a file's name and what makes its temporary name unique. */
#define PART_MARK   ".part-"
#define PART_RANDOM "XXXXXX" /* mkostemp's */

static int read_all(int fd, size_t max, struct vt_buf *buf)
{
    for (;;) {
        char chunk[65536];
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        vt_buf_add(buf, chunk, (size_t)n);
        if (buf->len > max)
            return -EFBIG;
    }
}

int vt_file_read(const char *path, size_t max, char **ret, size_t *ret_len)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    VT_AUTO_BUF struct vt_buf buf = VT_BUF_INIT(max + 65536);
    int r;

    if (fd < 0)
        return -errno;
    r = read_all(fd, max, &buf);
    if (r < 0)
        return r;
    if (ret_len)
        *ret_len = buf.len;
    *ret = vt_buf_take(&buf);
    return 0;
}

int vt_path_sync(const char *path)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

static int sync_parent(const char *path)
{
    VT_AUTO_FREE char *copy = vt_strdup(path);

    return vt_path_sync(dirname(copy));
}

static int fchown_like(int fd, const char *like)
{
    struct stat st;

    if (stat(like, &st) < 0)
        return -errno;
    /* Not every file system lets even root choose owners (NFS, CIFS, user namespaces); the content
     * matters more. */
    if (fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM && errno != EINVAL)
        return -errno;
    return 0;
}

int vt_path_chown_like(const char *path, const char *like)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -errno;
    return fchown_like(fd, like);
}

int vt_write_all(int fd, const void *data, size_t len)
{
    const char *rest = data;

    while (len > 0) {
        ssize_t n = write(fd, rest, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        rest += n;
        len -= (size_t)n;
    }
    return 0;
}

static int fill(int fd, const void *data, size_t len, mode_t mode, const char *owner_like)
{
    int r = vt_write_all(fd, data, len);

    if (r == 0 && fchmod(fd, mode) < 0)
        r = -errno;
    if (r == 0 && owner_like)
        r = fchown_like(fd, owner_like);
    return r;
}

/* Fill @fd, the file @temporary, and give it the name @path. */
static int put_in_place(const char *temporary, int fd, const char *path, const void *data,
                        size_t len, mode_t mode, const char *owner_like, bool lasting)
{
    int r = fill(fd, data, len, mode, owner_like);

    if (r == 0 && lasting && fsync(fd) < 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0)
        (void)unlink(temporary);
    return r;
}

int vt_file_write(const char *path, const void *data, size_t len, mode_t mode,
                  const char *owner_like)
{
    VT_AUTO_FREE char *temporary = vt_fmt("%s" PART_MARK PART_RANDOM, path);
    VT_AUTO_CLOSE int fd = mkostemp(temporary, O_CLOEXEC);
    int r;

    if (fd < 0)
        return -errno;
    r = put_in_place(temporary, fd, path, data, len, mode, owner_like, true);
    return r < 0 ? r : sync_parent(path);
}

int vt_file_write_volatile(const char *path, const void *data, size_t len, mode_t mode)
{
    VT_AUTO_FREE char *temporary = vt_fmt("%s.part", path);
    VT_AUTO_CLOSE int fd = -1;

    (void)unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    return put_in_place(temporary, fd, path, data, len, mode, NULL, false);
}

static int remove_leftover(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char *mark = strrchr(path + ftw->base, '.');

    (void)st;
    if (type == FTW_F && mark && vt_startswith(mark, PART_MARK) &&
        strlen(mark) == strlen(PART_MARK PART_RANDOM))
        (void)unlink(path);
    return 0;
}

void vt_file_remove_leftovers(const char *path)
{
    (void)nftw(path, remove_leftover, 8, FTW_PHYS | FTW_MOUNT);
}

int vt_mkdirs(const char *path, mode_t mode)
{
    VT_AUTO_FREE char *copy = vt_strdup(path);
    char *at = copy;

    if (*path == '\0')
        return -ENOENT;
    do {
        at = strchr(at + 1, '/');
        if (at)
            *at = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return -errno;
        if (at)
            *at = '/';
    } while (at && at[1]);
    return 0;
}

int vt_open_anew(int fd)
{
    VT_AUTO_FREE char *path = vt_fmt("/proc/self/fd/%d", fd);
    int anew = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return anew < 0 ? -errno : anew;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void vt_remove_tree(const char *path)
{
    (void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

bool vt_is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

bool vt_path_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Who only asks whether a file is locked has it for an instant; a holder has it for longer. */
#define LOCK_TRIES   10
#define LOCK_WAIT_MS 5

static int lock_soon(int fd)
{
    for (int tries = 1; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
            return -errno;
        (void)poll(NULL, 0, LOCK_WAIT_MS);
    }
    return 0;
}

/*
 * Open @path and lock it. A holder that gives up may remove the file between our two steps: then we
 * hold a lock that nobody else will ever see, and begin again.
 */
static int open_locked(const char *path, int *ret_fd)
{
    for (;;) {
        VT_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        struct stat ours, there;
        int r = fd < 0 ? -errno : lock_soon(fd);

        if (r < 0)
            return r;
        if (fstat(fd, &ours) < 0)
            return -errno;
        if (lstat(path, &there) < 0 || ours.st_ino != there.st_ino || ours.st_dev != there.st_dev)
            continue;
        *ret_fd = VT_TAKE_FD(fd);
        return 0;
    }
}

int vt_lock_take(const char *path, const char *holder, const char *owner_like, char **ret_holder)
{
    VT_AUTO_CLOSE int fd = -1;
    int r = open_locked(path, &fd);

    if (r < 0) {
        if (r == -EWOULDBLOCK && vt_file_read(path, 4096, ret_holder, NULL) < 0)
            *ret_holder = vt_strdup("");
        return r;
    }
    if (ftruncate(fd, 0) < 0)
        return -errno;
    r = fill(fd, holder, strlen(holder), 0644, owner_like);
    if (r < 0)
        return r;
    return VT_TAKE_FD(fd);
}

bool vt_lock_is_held(const char *path)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
