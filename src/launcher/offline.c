/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/offline.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"

#define OVERLAY "local_image.qcow2"
#define STATE   ".virtainer"

static char *below(const char *path, const char *name)
{
    return vt_fmt("%s/%s", path, name);
}

static enum vt_phase find_phase(const char *path)
{
    VT_AUTO_FREE char *saved = below(path, STATE "/saved");
    VT_AUTO_FREE char *lock = below(path, STATE "/lock");

    if (vt_lock_is_held(lock))
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
