/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/part.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/str.h"
#include "host/files.h"

#define PART_MARK   ".part-"
#define PART_RANDOM 6 /* mkostemp's */

/* The way out, at the end of a message, and the same elsewhere (enum vt_place). */
enum trouble { FULL, NOT_WRITABLE, TOO_LARGE };
static const struct {
    const char *data_dir;
    const char *elsewhere[2];
} ways_out[] = {
    [FULL] = {"free some space there or use another data directory",
              {"make room in the cache (virtainer image prune)",
               "free some space there, or give another place"}},
    [NOT_WRITABLE] = {"mount a data directory that can be written",
                      {"mount a cache that can be written, or mount it read-only",
                       "give a place that can be written"}},
    [TOO_LARGE] = {"free some space there",
                   {"make room in the cache (virtainer image prune)",
                    "free some space there, or give another place"}},
};

int vt_data_error(struct vt_error *err, int errnum, const char *format, ...)
{
    bool full = errnum == ENOSPC || errnum == EDQUOT;
    VT_AUTO_FREE char *what = NULL;
    va_list args;

    va_start(args, format);
    what = vt_vfmt(format, args);
    va_end(args);
    return vt_error_set(err, full ? VT_CAUSE_DATA_FULL : VT_CAUSE_DATA_DIR, -errnum, "%s: %s; %s",
                        what, strerror(errnum), ways_out[full ? FULL : NOT_WRITABLE].data_dir);
}

void vt_data_error_elsewhere(struct vt_error *err, enum vt_place place)
{
    size_t len = err && err->msg ? strlen(err->msg) : 0;

    for (size_t i = 0; i < VT_ARRAY_SIZE(ways_out); i++) {
        size_t n = strlen(ways_out[i].data_dir);

        if (len > n && vt_streq(err->msg + len - n, ways_out[i].data_dir)) {
            vt_str_replace(&err->msg, vt_fmt("%.*s%s", (int)(len - n), err->msg,
                                             ways_out[i].elsewhere[place]));
            return;
        }
    }
}

static char *parent_of(const char *path)
{
    VT_AUTO_FREE char *copy = vt_strdup(path);

    return vt_strdup(dirname(copy));
}

static int make_dir(const char *path, const char *like, struct vt_error *err)
{
    int r;

    if (mkdir(path, 0755) == 0) {
        r = vt_path_chown_like(path, like);
        return r < 0 ? vt_data_error(err, -r, "cannot set the owner of %s", path) : 0;
    }
    return errno == EEXIST ? 0 : vt_data_error(err, errno, "cannot make the directory %s", path);
}

int vt_state_dir(const char *data_dir, const char *sub, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *state = vt_fmt("%s/.virtainer", data_dir);
    int r = make_dir(state, data_dir, err);

    *ret = sub ? vt_fmt("%s/%s", state, sub) : vt_strdup(state);
    if (r == 0 && sub)
        r = make_dir(*ret, data_dir, err);
    return r;
}

void vt_state_dir_prune(const char *data_dir)
{
    VT_AUTO_FREE char *images = vt_fmt("%s/.virtainer/images", data_dir);
    VT_AUTO_FREE char *state = vt_fmt("%s/.virtainer", data_dir);

    (void)rmdir(images);
    (void)rmdir(state);
}

static bool is_part_of(const char *name, const char *base)
{
    size_t n = strlen(base);

    return strncmp(name, base, n) == 0 && vt_startswith(name + n, PART_MARK) &&
           strlen(name + n + strlen(PART_MARK)) == PART_RANDOM;
}

bool vt_part_is_name(const char *name)
{
    size_t len = strlen(name), mark = strlen(PART_MARK) + PART_RANDOM;

    return len > mark && vt_startswith(name + len - mark, PART_MARK);
}

void vt_part_safe_name(char *name)
{
    for (char *at = name; (at = strstr(at, ".part")); at++)
        *at = '_';
}

void vt_part_remove_leftovers(const char *path)
{
    VT_AUTO_FREE char *parent = parent_of(path);
    VT_AUTO_CLOSEDIR DIR *dir = opendir(parent);
    const char *base = strrchr(path, '/');
    const struct dirent *entry;

    base = base ? base + 1 : path;
    while (dir && (entry = readdir(dir))) {
        struct stat st;

        if (is_part_of(entry->d_name, base) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
}

int vt_part_open(const char *path, char **ret, struct vt_error *err)
{
    VT_AUTO_FREE char *part = vt_fmt("%s" PART_MARK "XXXXXX", path);
    int fd = mkostemp(part, O_CLOEXEC);

    if (fd < 0)
        return vt_data_error(err, errno, "cannot make a file for %s", path);
    *ret = VT_TAKE_PTR(part);
    return fd;
}

int vt_part_finish(const char *part, const char *path, struct vt_error *err)
{
    return vt_part_finish_as(part, path, 0644, err);
}

int vt_part_finish_as(const char *part, const char *path, mode_t mode, struct vt_error *err)
{
    VT_AUTO_FREE char *parent = parent_of(path);
    int r = chmod(part, mode) < 0 ? -errno : 0;

    if (r == 0)
        r = vt_path_chown_like(part, parent);
    if (r == 0)
        r = vt_path_sync(part);
    if (r == 0 && rename(part, path) < 0)
        r = -errno;
    if (r == 0)
        r = vt_path_sync(parent);
    return r < 0 ? vt_data_error(err, -r, "cannot finish %s", path) : 0;
}

int vt_part_check_room(const char *path, uint64_t size, struct vt_error *err)
{
    VT_AUTO_FREE char *parent = parent_of(path);
    VT_AUTO_FREE char *needs = NULL, *has = NULL;
    struct statvfs fs;
    uint64_t room;

    /* What a file system does not tell, the writing will. */
    if (statvfs(parent, &fs) < 0 || fs.f_blocks == 0)
        return 0;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (size <= room)
        return 0;
    needs = vt_size_text(size);
    has = vt_size_text(room);
    return vt_error_set(err, VT_CAUSE_DATA_FULL, -ENOSPC,
                        "%s needs %s, and its file system has room for %s: %s", path, needs, has,
                        ways_out[TOO_LARGE].data_dir);
}
