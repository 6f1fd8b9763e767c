/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/places.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "host/files.h"

int vt_places_make_at(const char *run_dir, struct vt_error *err)
{
    /* The last is where /var/lock leads: libvirt notes there who holds the guest's console. */
    static const char *const names[] = {"virtainer/libvirt/lib", "virtainer/libvirt/cache",
                                        "virtainer/libvirt/log", "virtainer/libvirt/etc", "lock"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", run_dir, names[i]);

        /* QEMU's user has to get through. */
        r = vt_mkdirs(path, 0755);
    }
    if (r == -EROFS)
        return vt_error_set(err, VT_CAUSE_USAGE, r,
                            "%s is read-only, and virtainer and libvirt keep there what they know "
                            "of a running guest: beside --read-only give --tmpfs %s",
                            run_dir, run_dir);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot make directories in %s", run_dir);
    return 0;
}

int vt_places_make(struct vt_error *err)
{
    return vt_places_make_at("/run", err);
}

const char *vt_places_seed(const struct vt_config *config, const char *root)
{
    if (config->cloud_init_disk_given || access(root, W_OK) == 0)
        return config->cloud_init_disk;
    return VT_RUN_DIR "/cloud_init.iso";
}

int vt_places_check_seed(const char *path, struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_strdup(path);
    char *slash = strrchr(dir, '/');

    slash[slash == dir] = '\0';
    if (access(dir, W_OK) == 0)
        return 0;
    return vt_error_errno(err, VT_CAUSE_SEED, errno,
                          "the seed %s cannot be written (CLOUD_INIT_DISK gives another path)",
                          path);
}
