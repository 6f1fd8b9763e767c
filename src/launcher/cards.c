/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cards.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "host/files.h"

#define NAME     "cards"
#define TEXT_MAX 512 /* bytes; VT_LAN_PORTS lines of 18, and LOOKS */

/* The first line where cloud-init looks at each boot. */
#define LOOKS "at each boot\n"

/* The cards in @ret: the one with the way out first, which the boot waits for. Their numbers are
 * the container's order. Returns how many. */
static size_t list_cards(const struct vt_lan *lan, struct vt_seed_card ret[VT_LAN_PORTS])
{
    size_t count = 0;

    ret[count++] = (struct vt_seed_card){lan->ports[lan->first].mac, lan->first};
    for (size_t i = 0; i < lan->count; i++) {
        if (i != lan->first)
            ret[count++] = (struct vt_seed_card){lan->ports[i].mac, i};
    }
    return count;
}

static char *cards_text(const struct vt_seed_card *cards, size_t count, bool looks)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(TEXT_MAX);

    if (looks)
        vt_buf_adds(&text, LOOKS);
    for (size_t i = 0; i < count; i++)
        vt_buf_addf(&text, "%s\n", cards[i].mac);
    return vt_buf_take(&text);
}

/* Whether a guest that was told @old at its last boot (NULL: nothing) takes the cards @now. Who
 * looked then, takes what is told now. */
static bool takes(const char *old, const char *now, bool looks)
{
    return old && (vt_streq(old, now) || (looks && vt_startswith(old, LOOKS)));
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

void vt_cards_tell(const struct vt_lan *lan, const struct vt_data_dir *data, bool reused,
                   struct vt_seed *seed, struct vt_cards *ret)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(data, NAME);
    VT_AUTO_FREE char *old = NULL, *now = NULL;
    struct vt_seed_card cards[VT_LAN_PORTS];
    bool looks;
    size_t count;

    if (!lan || seed->network_config.text)
        return;
    count = list_cards(lan, cards);
    looks = vt_seed_add_cards(seed, cards, count);
    now = cards_text(cards, count, looks);
    if (reused && vt_file_read(path, TEXT_MAX, &old, NULL) < 0)
        old = NULL;
    if (reused && !takes(old, now, looks))
        ret->notice = notice(looks);
    /* Who never looks has what it was told first, and at each start there is a word on it. */
    ret->told = reused && !looks ? VT_TAKE_PTR(old) : VT_TAKE_PTR(now);
}

void vt_cards_note(const struct vt_cards *cards, const struct vt_data_dir *data)
{
    VT_AUTO_FREE char *path = vt_data_dir_file(data, NAME);
    VT_AUTO_FREE char *old = NULL;
    int r = 0;

    if (!cards->told)
        (void)unlink(path);
    else if (vt_file_read(path, TEXT_MAX, &old, NULL) < 0 || !vt_streq(old, cards->told))
        r = vt_file_write(path, cards->told, strlen(cards->told), 0644, data->path);
    /* The guest runs: what comes of it is a word too many at a later start. */
    if (r < 0)
        vt_debug("cannot write %s: %s", path, strerror(-r));
}
