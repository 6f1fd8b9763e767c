/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rights.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

#include "base/str.h"
#include "host/caps.h"
#include "host/files.h"

/* Below it a port needs a capability; engines set it to 0, or leave the kernel's 1024. */
#define PORT_START "/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define DNS_PORT   53

#define UID_MAP   "/proc/self/uid_map"
#define QEMU_USER "libvirt-qemu"

static const struct {
    uint64_t mask;
    const char *name;
} needed[] = {
    {VT_CAP(CAP_CHOWN), "CHOWN"},   {VT_CAP(CAP_DAC_OVERRIDE), "DAC_OVERRIDE"},
    {VT_CAP(CAP_FOWNER), "FOWNER"}, {VT_CAP(CAP_KILL), "KILL"},
    {VT_CAP(CAP_SETGID), "SETGID"}, {VT_CAP(CAP_SETPCAP), "SETPCAP"},
    {VT_CAP(CAP_SETUID), "SETUID"}, {VT_CAP(CAP_NET_BIND_SERVICE), "NET_BIND_SERVICE"},
};

int vt_rights_check_caps(uint64_t have, bool low_ports, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf flags = VT_BUF_INIT(1024);

    if (!low_ports)
        have |= VT_CAP(CAP_NET_BIND_SERVICE);
    for (size_t i = 0; i < VT_ARRAY_SIZE(needed); i++) {
        if (!(have & needed[i].mask))
            vt_buf_addf(&flags, " --cap-add %s", needed[i].name);
    }
    if (flags.len == 0)
        return 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -EPERM,
                        "the container lacks capabilities that running QEMU and dnsmasq as users "
                        "of their own needs, and that engines give unless told otherwise: run it "
                        "with%s",
                        vt_buf_str(&flags));
}

bool vt_rights_port_is_guarded(uint64_t port)
{
    VT_AUTO_FREE char *text = NULL;
    uint64_t start;

    if (vt_file_read(PORT_START, 64, &text, NULL) < 0)
        return true;
    text[strcspn(text, "\n")] = '\0';
    return vt_parse_u64(text, UINT16_MAX + 1, &start) < 0 || start > port;
}

int vt_rights_check_user(const char *map, unsigned uid, const char *name, struct vt_error *err)
{
    const char *line = map;

    while (line && *line) {
        unsigned long first = 0, count = 0;

        if (sscanf(line, "%20lu %*20u %20lu", &first, &count) == 2 && uid >= first &&
            uid - first < count)
            return 0;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "the container's user namespace has no user %u (%s), whom QEMU runs as: "
                        "give it 65536 users, as in /etc/subuid",
                        uid, name);
}

static int check_qemu_user(struct vt_error *err)
{
    const struct passwd *user = getpwnam(QEMU_USER);
    VT_AUTO_FREE char *map = NULL;

    /* Without the one there is nothing to be checked; without the other it cannot be. */
    if (!user || vt_file_read(UID_MAP, 65536, &map, NULL) < 0)
        return 0;
    return vt_rights_check_user(map, user->pw_uid, user->pw_name, err);
}

int vt_rights_check(bool network, struct vt_error *err)
{
    int r = vt_rights_check_caps(vt_caps_effective(),
                                 network && vt_rights_port_is_guarded(DNS_PORT), err);

    return r < 0 ? r : check_qemu_user(err);
}
