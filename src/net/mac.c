/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/mac.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "host/files.h"

int vt_mac_parse(const char *text, char mac[VT_MAC_TEXT])
{
    char lower[VT_MAC_TEXT];

    if (strlen(text) != sizeof(lower) - 1)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(lower); i++) {
        if (i % 3 == 2 && i < sizeof(lower) - 1 ? text[i] != ':'
                                                : text[i] && !isxdigit((unsigned char)text[i]))
            return -EINVAL;
        lower[i] = (char)tolower((unsigned char)text[i]);
    }
    /* the lowest bit of the first byte means multicast */
    if (strtoul(lower, NULL, 16) & 1U || vt_streq(lower, "00:00:00:00:00:00"))
        return -EINVAL;
    memcpy(mac, lower, sizeof(lower));
    return 0;
}

static int make(char mac[VT_MAC_TEXT])
{
    unsigned char r[3];

    if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return -EIO;
    (void)snprintf(mac, VT_MAC_TEXT, "52:54:00:%02x:%02x:%02x", r[0], r[1], r[2]);
    return 0;
}

static int make_and_keep(const char *path, const char *owner_like, char mac[VT_MAC_TEXT],
                         struct vt_error *err)
{
    VT_AUTO_FREE char *line = NULL;
    int r = make(mac);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "no random bytes for a MAC address");
    line = vt_fmt("%s\n", mac);
    r = vt_file_write(path, line, strlen(line), 0644, owner_like);
    if (r == -ENOSPC || r == -EDQUOT)
        return vt_error_errno(err, VT_CAUSE_DATA_FULL, -r,
                              "no room to keep the guest's MAC address in '%s'", path);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r,
                              "cannot keep the guest's MAC address in '%s'", path);
    return 0;
}

int vt_mac_load(const char *path, const char *owner_like, char mac[VT_MAC_TEXT],
                struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    int r = vt_file_read(path, 64, &text, NULL);

    if (r == -ENOENT)
        return make_and_keep(path, owner_like, mac, err);
    if (r < 0 && r != -EFBIG)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r,
                              "cannot read the guest's MAC address from '%s'", path);
    if (r == 0) {
        text[strcspn(text, " \t\r\n")] = '\0';
        r = vt_mac_parse(text, mac);
    }
    if (r < 0)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -EINVAL,
                            "'%s' does not hold a MAC address that a guest can have; remove the "
                            "file to get a new one",
                            path);
    return 0;
}

void vt_mac_of_bridge(const char *mac, char bridge_mac[VT_MAC_TEXT])
{
    unsigned long o[6] = {0};

    for (size_t i = 0; i < VT_ARRAY_SIZE(o) && strlen(mac) == VT_MAC_TEXT - 1; i++)
        o[i] = strtoul(mac + 3 * i, NULL, 16) & 0xffU;
    (void)snprintf(bridge_mac, VT_MAC_TEXT, "%02lx:%02lx:%02lx:%02lx:%02lx:%02lx",
                   (o[0] | 2U) & 0xfeU, o[1], o[2] ^ 1U, o[3], o[4], o[5]);
}
