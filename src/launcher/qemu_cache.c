/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format and the checks are libvirt's: virQEMUCapsIsValid() in src/qemu/qemu_capabilities.c. */
#include "launcher/qemu_cache.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/str.h"
#include "host/files.h"

#define CACHE_DIR   "/var/cache/libvirt/qemu/capabilities"
#define BAKED_DIR   "/usr/share/virtainer/capabilities"
#define KEPT_NAME   "libvirt-cache"
#define CACHE_LIMIT (4 << 20) /* bytes of one file */

#define QEMU     "/usr/bin/qemu-system-x86_64"
#define LIBVIRTD "/usr/sbin/libvirtd"
/* libvirtd's own change time is the latest of its binary's and its drivers'. */
#define DRIVER_DIR "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver"

/* Append @xml up to the text of element <@name>, then @value; returns where the text ended, or
 * NULL. */
static const char *replace_text(struct vt_buf *out, const char *xml, const char *name,
                                int64_t value)
{
    VT_AUTO_FREE char *tag = vt_fmt("<%s>", name);
    const char *start = strstr(xml, tag);

    if (!start)
        return NULL;
    start += strlen(tag);
    vt_buf_add(out, xml, (size_t)(start - xml));
    vt_buf_addf(out, "%" PRId64, value);
    return start + strcspn(start, "<");
}

char *vt_qemu_cache_retime(const char *xml, int64_t qemu_changed, int64_t libvirt_changed)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(CACHE_LIMIT + 64);
    const char *rest = replace_text(&out, xml, "qemuctime", qemu_changed);

    if (rest)
        rest = replace_text(&out, rest, "selfctime", libvirt_changed);
    if (!rest)
        return NULL;
    vt_buf_adds(&out, rest);
    return vt_buf_take(&out);
}

static int64_t changed(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_ctime : 0;
}

static int64_t libvirt_changed(void)
{
    VT_AUTO_CLOSEDIR DIR *dir = opendir(DRIVER_DIR);
    int64_t latest = changed(LIBVIRTD);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        VT_AUTO_FREE char *path = vt_fmt(DRIVER_DIR "/%s", entry->d_name);
        int64_t time = entry->d_name[0] == '.' ? 0 : changed(path);

        if (time > latest)
            latest = time;
    }
    return latest;
}

/* The data directory's copy is to last; libvirt's own is made at every start. */
static int put(const char *path, const char *text, const char *owner_like)
{
    size_t len = strlen(text);

    return owner_like ? vt_file_write(path, text, len, 0644, owner_like)
                      : vt_file_write_volatile(path, text, len, 0644);
}

/* Copy the cache files of @from to @to, with today's change times if @retime. */
static void copy_cache(const char *from, const char *to, bool retime, const char *owner_like)
{
    VT_AUTO_CLOSEDIR DIR *dir = opendir(from);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        VT_AUTO_FREE char *source = vt_fmt("%s/%s", from, entry->d_name);
        VT_AUTO_FREE char *target = vt_fmt("%s/%s", to, entry->d_name);
        VT_AUTO_FREE char *text = NULL;

        if (!dot || !vt_streq(dot, ".xml") || vt_file_read(source, CACHE_LIMIT, &text, NULL) < 0)
            continue;
        if (retime)
            vt_str_replace(&text, vt_qemu_cache_retime(text, changed(QEMU), libvirt_changed()));
        if (!text || put(target, text, owner_like) < 0)
            vt_debug("cannot copy %s to %s", source, target);
    }
}

void vt_qemu_cache_install(const struct vt_data_dir *data, bool kvm)
{
    VT_AUTO_FREE char *kept = vt_data_dir_file(data, KEPT_NAME);

    if (vt_mkdirs(CACHE_DIR, 0755) == 0)
        copy_cache(kvm ? kept : BAKED_DIR, CACHE_DIR, !kvm, NULL);
}

void vt_qemu_cache_keep(const struct vt_data_dir *data)
{
    VT_AUTO_FREE char *kept = vt_data_dir_file(data, KEPT_NAME);

    if (vt_mkdirs(kept, 0755) == 0 && vt_path_chown_like(kept, data->path) == 0)
        copy_cache(CACHE_DIR, kept, false, data->path);
}
