/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/offline.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "image/overlay.h"
#include "launcher/data_dir.h"

static enum vt_phase find_phase(const char *path)
{
    VT_AUTO_FREE char *saved = vt_data_dir_below(path, "saved");
    VT_AUTO_FREE char *lock = vt_data_dir_below(path, "lock");

    if (vt_lock_is_held(lock))
        return VT_PHASE_RUNNING;
    return vt_path_exists(saved) ? VT_PHASE_SAVED : VT_PHASE_STOPPED;
}

int vt_offline_status(const char *path, const char *name, struct vt_status *ret)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, path);
    VT_AUTO_FREE char *uuid_path = vt_data_dir_below(path, "uuid");
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
