/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cards.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "host/files.h"

#define NAME     "cards"
#define TEXT_MAX 512 /* bytes; VT_LAN_PORTS lines of 18, and LOOKS */

/* The first line where cloud-init looks at each boot. */
#define LOOKS "at each boot\n"

/* The MACs in @macs: the one with the way out first, which the boot waits for. Returns how many. */
static size_t list_macs(const struct vt_lan *lan, const char *macs[VT_LAN_PORTS])
{
    size_t count = 0;

    macs[count++] = lan->ports[lan->first].mac;
    for (size_t i = 0; i < lan->count; i++) {
        if (i != lan->first)
            macs[count++] = lan->ports[i].mac;
    }
    return count;
}

static char *cards_text(const char *const *macs, size_t count, bool looks)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(TEXT_MAX);

    if (looks)
        vt_buf_adds(&text, LOOKS);
    for (size_t i = 0; i < count; i++)
        vt_buf_addf(&text, "%s\n", macs[i]);
    return vt_buf_take(&text);
}

/* Whether a guest that was told @old at its last start, NULL for nothing, takes other cards now. */
static bool takes(const char *old, bool looks)
{
    return looks && old && vt_startswith(old, LOOKS);
}

static char *notice(bool looks)
{
    if (looks)
        return vt_strdup("the guest's network cards have other MAC addresses than at its last "
                         "start: if it has no network now, start it once more");
    return vt_strdup("the guest's network cards have other MAC addresses than at its last start, "
                     "and cloud-init looks at that only if your vendor-data or user-data has "
                     "'updates: {network: {when: [boot-new-instance, boot]}}'");
}

int vt_cards_tell(const struct vt_lan *lan, const struct vt_data_dir *data, bool reused,
                  struct vt_seed *seed, char **ret_notice, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(data, NAME);
    VT_AUTO_FREE char *old = NULL, *now = NULL;
    const char *macs[VT_LAN_PORTS];
    bool looks;
    size_t count;
    int r;

    *ret_notice = NULL;
    if (!lan || seed->network_config.text) {
        (void)unlink(path);
        return 0;
    }
    count = list_macs(lan, macs);
    looks = vt_seed_add_cards(seed, macs, count);
    now = cards_text(macs, count, looks);
    if (vt_file_read(path, TEXT_MAX, &old, NULL) == 0 && vt_streq(old, now))
        return 0;
    if (reused && !takes(old, looks))
        *ret_notice = notice(looks);
    /* Who never looks has what it was told first, and at each start there is a word on it. */
    if (reused && !looks)
        return 0;
    r = vt_file_write(path, now, strlen(now), 0644, data->path);
    if (r < 0)
        return vt_error_errno(err,
                              r == -ENOSPC || r == -EDQUOT ? VT_CAUSE_DATA_FULL : VT_CAUSE_DATA_DIR,
                              -r, "cannot write down the guest's network cards in %s", path);
    return 0;
}
