/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/deliver.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "host/files.h"
#include "image/obtain.h"
#include "image/open.h"
#include "image/part.h"

/* Make the directory in which @path is prepared, in @ret (owned by the caller), and hold it for
 * this process: two that write the same would undo each other's work. */
static int take_workshop(const char *path, char **ret, struct vt_error *err)
{
    const char *name = strrchr(path, '/') + 1;
    VT_AUTO_FREE char *dir = vt_fmt("%.*s.%s.fetch", (int)(name - path), path, name);
    VT_AUTO_FREE char *lock = vt_fmt("%s/lock", dir);
    VT_AUTO_FREE char *holder = NULL;
    int fd;

    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, errno, "cannot make the directory %s", dir);
    fd = vt_lock_take(lock, "fetch\n", dir, &holder);
    if (fd == -EWOULDBLOCK)
        return vt_error_set(err, VT_CAUSE_DATA_BUSY, -EWOULDBLOCK,
                            "%s is being fetched by another process", path);
    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -fd, "cannot lock %s", dir);
    *ret = VT_TAKE_PTR(dir);
    return fd;
}

static int fetch(const struct vt_config *config, const char *workshop, const char *path,
                 int cancel_fd, const struct vt_progress *progress, struct vt_base *ret,
                 struct vt_error *err)
{
    struct vt_config wishes = *config;
    VT_AUTO_FREE char *dir = vt_strdup(workshop);
    int r;

    wishes.image_dir = dir;
    /* A cached image is everybody's, and not to be moved. */
    wishes.image_cache = NULL;
    r = vt_image_obtain(&wishes, "", cancel_fd, progress, ret, err);
    if (r < 0)
        return r;
    r = vt_part_finish(ret->path, path, err);
    if (r < 0)
        vt_base_done(ret);
    else
        vt_str_replace(&ret->path, vt_strdup(path));
    return r;
}

int vt_image_deliver(const struct vt_config *config, const char *destination, int cancel_fd,
                     const struct vt_progress *progress, struct vt_base *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_image_absolute(destination);
    VT_AUTO_FREE char *workshop = NULL;
    VT_AUTO_CLOSE int lock = -1;
    int r;

    /* Else what was obtained might be a file of somebody's, which is not ours to move. */
    if (!config->image_url || config->image)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EINVAL,
                            "what is to be put at %s is no download", path);
    if (vt_path_exists(path))
        return vt_error_set(err, VT_CAUSE_USAGE, -EEXIST,
                            "%s is there already; give another name, or remove it first", path);
    lock = take_workshop(path, &workshop, err);
    if (lock < 0)
        return lock;
    r = fetch(config, workshop, path, cancel_fd, progress, ret, err);
    if (r < 0)
        vt_data_error_elsewhere(err, VT_PLACE_FILE);
    if (r == 0 || !vt_image_obtain_is_begun(workshop))
        vt_remove_tree(workshop);
    return r;
}
