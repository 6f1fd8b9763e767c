/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"

#define OVERLAY "local_image.qcow2"
#define STATE   ".virtainer"

static char *below(const char *path, const char *name)
{
    return vt_fmt("%s/%s", path, name);
}

/* Whether somebody holds the directory's lock; ours is gone again at once. */
static bool is_held(const char *path)
{
    VT_AUTO_FREE char *lock = below(path, STATE "/lock");
    VT_AUTO_CLOSE int fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static enum vt_phase find_phase(const char *path)
{
    VT_AUTO_FREE char *saved = below(path, STATE "/saved");

    if (is_held(path))
        return VT_PHASE_RUNNING;
    return vt_path_exists(saved) ? VT_PHASE_SAVED : VT_PHASE_STOPPED;
}

int vt_offline_status(const char *path, const char *name, struct vt_status *ret)
{
    VT_AUTO_FREE char *overlay = below(path, OVERLAY);
    VT_AUTO_FREE char *uuid_path = below(path, STATE "/uuid");
    VT_AUTO_FREE char *uuid = NULL;
    struct stat st;

    if (stat(overlay, &st) < 0)
        return -ENOENT;
    if (vt_file_read(uuid_path, 256, &uuid, NULL) == 0)
        uuid[strcspn(uuid, "\n")] = '\0';
    *ret = (struct vt_status){
        .phase = find_phase(path),
        .name = vt_strdup(name),
        .uuid = VT_TAKE_PTR(uuid),
        .overlay = VT_TAKE_PTR(overlay),
        .since = st.st_mtim.tv_sec,
    };
    return 0;
}
