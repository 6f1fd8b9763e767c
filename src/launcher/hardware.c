/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/hardware.h"

#include <errno.h>

#include "base/str.h"
#include "host/files.h"

#define NAME     "hardware"
#define TEXT_MAX 64 /* bytes; the longest text has 15 */

static int write_down(const struct vt_hardware *hardware, const char *path,
                      const struct vt_data_dir *data, struct vt_error *err)
{
    VT_AUTO_FREE char *text = vt_hardware_text(hardware);
    VT_AUTO_FREE char *line = vt_fmt("%s\n", text);
    VT_AUTO_FREE char *old = NULL;
    int r;

    /* So a start that fails later leaves the directory as it was. */
    if (vt_file_read(path, TEXT_MAX, &old, NULL) == 0 && vt_streq(old, line))
        return 0;
    r = vt_file_write(path, line, strlen(line), 0644, data->path);
    if (r == -ENOSPC || r == -EDQUOT)
        return vt_error_errno(err, VT_CAUSE_DATA_FULL, -r,
                              "no room to write down what hardware the guest has in %s; free some "
                              "space there",
                              path);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r,
                              "cannot write down what hardware the guest has in %s", path);
    return 0;
}

/* What is written down in @path. Where nothing is, @ret is as it was. */
static int read_again(const char *path, struct vt_hardware *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    size_t len = 0;
    int r = vt_file_read(path, TEXT_MAX, &text, &len);

    if (r == -ENOENT)
        return 0;
    if (r < 0 && r != -EFBIG)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r,
                              "cannot read what hardware the guest has from %s", path);
    if (r == 0 && len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (r == 0)
        r = strlen(text) == len ? vt_hardware_parse(text, ret) : -EBADMSG;
    if (r < 0)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -EBADMSG,
                            "%s does not say what hardware the guest has: write its disk's bus "
                            "(virtio, sata or ide) and its network card (virtio, e1000e, e1000 or "
                            "rtl8139) there, such as 'virtio virtio', or remove the file, which "
                            "means that",
                            path);
    return 0;
}

static char *notice(const struct vt_hardware *kept, const struct vt_hardware *wish,
                    const char *variant, const char *path)
{
    VT_AUTO_FREE char *kept_words = vt_hardware_words(kept, true);
    VT_AUTO_FREE char *wish_words = vt_hardware_words(wish, true);
    VT_AUTO_FREE char *wish_text = vt_hardware_text(wish);

    return vt_fmt("the guest keeps the devices that its disk was first used with (%s); "
                  "OS_VARIANT=%s is for a new disk, which would get others (%s): if the system on "
                  "this one needs those, write '%s' to %s",
                  kept_words, variant, wish_words, wish_text, path);
}

int vt_hardware_keep(const struct vt_data_dir *data, bool has_overlay, const char *variant,
                     struct vt_hardware *hardware, char **ret_notice, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(data, NAME);
    struct vt_hardware kept = VT_HARDWARE_INIT;
    int r;

    *ret_notice = NULL;
    if (!has_overlay)
        return write_down(hardware, path, data, err);
    r = read_again(path, &kept, err);
    if (r < 0)
        return r;
    if (hardware->os_id &&
        (kept.disk != hardware->disk || !vt_streq(kept.network_model, hardware->network_model)))
        *ret_notice = notice(&kept, hardware, variant, path);
    hardware->disk = kept.disk;
    hardware->network_model = kept.network_model;
    return 0;
}
