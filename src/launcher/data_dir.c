/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/data_dir.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"

#define STATE_DIR   ".virtainer"
#define UUID_LENGTH 36
#define LOCK_MAX    4096 /* bytes of the line that names the holder */

/*
 * How .virtainer is laid out. Raised when an older virtainer would do harm there: one that knows
 * less leaves the directory alone. Directories from before there was such a file are of version 1.
 */
#define LAYOUT_VERSION 1
#define VERSION_NAME   "version"
#define VERSION_MAX    64

/* What went wrong with the data directory @path, in the words of its cause. */
static int explain(const char *path, int errnum, struct vt_error *err)
{
    if (errnum == ENOSPC || errnum == EDQUOT)
        return vt_error_set(err, VT_CAUSE_DATA_FULL, -errnum,
                            "the file system of the data directory %s is full: free some space",
                            path);
    if (errnum == EROFS)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -errnum,
                            "the data directory %s is read-only: mount a writable directory "
                            "there (-v HOST_DIRECTORY:%s), without :ro",
                            path, path);
    if (errnum == ENOTDIR)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -errnum,
                            "the data directory %s is not a directory: mount a directory there",
                            path);
    return vt_error_errno(err, VT_CAUSE_DATA_DIR, errnum, "the data directory %s cannot be used",
                          path);
}

/* One line that tells a person who holds the directory. */
static char *describe_holder(void)
{
    VT_AUTO_FREE char *hostname = NULL;

    if (vt_file_read("/proc/sys/kernel/hostname", 256, &hostname, NULL) < 0)
        hostname = vt_strdup("?");
    hostname[strcspn(hostname, "\n")] = '\0';
    return vt_fmt("container %s, process %d\n", hostname, getpid());
}

static int take_lock(struct vt_data_dir *dir, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(dir, "lock");
    VT_AUTO_FREE char *me = describe_holder();
    VT_AUTO_FREE char *holder = NULL;

    if (vt_file_read(path, LOCK_MAX, &dir->last_holder, NULL) < 0)
        dir->last_holder = NULL;
    dir->lock = vt_lock_take(path, me, dir->path, &holder);
    if (dir->lock == -EWOULDBLOCK) {
        holder[strcspn(holder, "\n")] = '\0';
        /* Two that started together: one made .virtainer, the other was first at the lock. */
        dir->fresh = false;
        return vt_error_set(err, VT_CAUSE_DATA_BUSY, -EBUSY,
                            "the data directory %s is held by another virtainer (%s): stop that "
                            "one, or mount another directory",
                            dir->path, *holder ? holder : "unknown");
    }
    if (dir->lock < 0)
        return explain(dir->path, -dir->lock, err);
    return 0;
}

/* Make .virtainer, or find it. */
static int make_state_dir(struct vt_data_dir *dir, struct vt_error *err)
{
    int r;

    if (mkdir(dir->state, 0755) == 0) {
        dir->fresh = true;
        r = vt_path_chown_like(dir->state, dir->path);
    } else {
        r = errno == EEXIST ? 0 : -errno;
    }
    return r < 0 ? explain(dir->path, -r, err) : 0;
}

static int check_version(const struct vt_data_dir *dir, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(dir, VERSION_NAME);
    VT_AUTO_FREE char *text = NULL;
    uint64_t version = 0;
    int r = vt_file_read(path, VERSION_MAX, &text, NULL);

    if (r == -ENOENT)
        return 0;
    if (r == 0) {
        text[strcspn(text, "\n")] = '\0';
        r = vt_parse_u64(text, UINT64_MAX, &version);
    }
    if (r < 0 || version == 0)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -EBADMSG,
                            "%s holds no version number; if no newer virtainer has used the data "
                            "directory %s, remove that file",
                            path, dir->path);
    if (version > LAYOUT_VERSION)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -ENOTSUP,
                            "a newer virtainer has used the data directory %s (its layout is "
                            "version %llu, this virtainer knows %d): use that one, or another "
                            "directory",
                            dir->path, (unsigned long long)version, LAYOUT_VERSION);
    return 0;
}

int vt_data_dir_open(struct vt_data_dir *dir, const char *path, struct vt_error *err)
{
    struct stat st;
    int r;

    *dir = (struct vt_data_dir){.path = vt_strdup(path), .lock = -1};
    dir->state = vt_fmt("%s/" STATE_DIR, path);
    r = vt_mkdirs(path, 0755);
    if (r == 0 && stat(path, &st) < 0)
        r = -errno;
    if (r == 0 && !S_ISDIR(st.st_mode))
        r = -ENOTDIR;
    /* A full or read-only file system shows here rather than with half of our files written. */
    if (r == 0 && access(path, W_OK) < 0)
        r = -errno;
    if (r < 0)
        return explain(path, -r, err);
    r = make_state_dir(dir, err);
    if (r == 0)
        r = take_lock(dir, err);
    if (r == 0)
        r = check_version(dir, err);
    if (r < 0) {
        vt_data_dir_abandon(dir);
        return r;
    }
    vt_file_remove_leftovers(dir->state);
    return 0;
}

void vt_data_dir_abandon(struct vt_data_dir *dir)
{
    if (dir->fresh)
        vt_remove_tree(dir->state);
    else if (dir->lock >= 0 && dir->last_holder && ftruncate(dir->lock, 0) == 0)
        (void)!pwrite(dir->lock, dir->last_holder, strlen(dir->last_holder), 0);
    dir->fresh = false;
}

char *vt_data_dir_below(const char *path, const char *name)
{
    return vt_fmt("%s/" STATE_DIR "/%s", path, name);
}

char *vt_data_dir_file(const struct vt_data_dir *dir, const char *name)
{
    return vt_fmt("%s/%s", dir->state, name);
}

/* Read a UUID in its usual form from the first line of @path. */
static int read_uuid(const char *path, char **ret)
{
    VT_AUTO_FREE char *text = NULL;
    int r = vt_file_read(path, 256, &text, NULL);

    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    if (strlen(text) != UUID_LENGTH || strspn(text, "0123456789abcdef-") != UUID_LENGTH)
        return -EBADMSG;
    *ret = VT_TAKE_PTR(text);
    return 0;
}

int vt_data_dir_mark(const struct vt_data_dir *dir, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(dir, VERSION_NAME);
    VT_AUTO_FREE char *line = vt_fmt("%d\n", LAYOUT_VERSION);
    int r = vt_path_exists(path) ? 0 : vt_file_write(path, line, strlen(line), 0644, dir->path);

    return r < 0 ? explain(dir->path, -r, err) : 0;
}

int vt_data_dir_uuid(const struct vt_data_dir *dir, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(dir, "uuid");
    VT_AUTO_FREE char *line = NULL;
    int r = read_uuid(path, ret);

    if (r == 0)
        return 0;
    if (r != -ENOENT)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r,
                              "%s holds no UUID; remove it, and the guest gets a new one", path);
    r = read_uuid("/proc/sys/kernel/random/uuid", ret);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "the kernel gives no UUID");
    line = vt_fmt("%s\n", *ret);
    r = vt_file_write(path, line, strlen(line), 0644, dir->path);
    return r < 0 ? explain(dir->path, -r, err) : 0;
}
