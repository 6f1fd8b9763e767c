/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/ip6.h"

#include <fcntl.h>

#include "base/str.h"
#include "host/caps.h"
#include "host/files.h"
#include "net/ip6_priv.h"

#define CONF "/proc/sys/net/ipv6/conf"

/* The setting @name of @ifname, "all" or "default". Returns whether it is @value. */
static bool is_set(const char *conf, const char *ifname, const char *name, char value)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/%s/%s", conf, ifname, name);
    VT_AUTO_FREE char *text = NULL;

    return vt_file_read(path, 64, &text, NULL) == 0 && text[0] == value && text[1] == '\n';
}

static bool set(const char *conf, const char *ifname, const char *name, char value)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/%s/%s", conf, ifname, name);
    VT_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, &value, 1) == 1;
}

static bool ensure(const char *conf, const char *ifname, const char *name, char value)
{
    return is_set(conf, ifname, name, value) || set(conf, ifname, name, value);
}

/* A host that forwards listens to no router any more, and forgets what it had from one, unless it
 * is told to with 2 (Documentation/networking/ip-sysctl.rst: accept_ra). */
static bool switch_forwarding_on(const char *conf, const struct vt_net_view *view)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        if (is_set(conf, view->addresses6[i].ifname, "accept_ra", '1') &&
            !set(conf, view->addresses6[i].ifname, "accept_ra", '2'))
            return false;
    }
    return set(conf, "all", "forwarding", '1');
}

static bool may_switch_forwarding_on(const char *conf)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/all/forwarding", conf);
    VT_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0;
}

/* Those without which the container cannot advertise itself. */
static void add_lacking(const char *conf, uint64_t caps, struct vt_buf *flags)
{
    if (!(caps & VT_CAP(CAP_NET_RAW)))
        vt_buf_adds(flags, " --cap-add NET_RAW");
    if (!ensure(conf, "default", "disable_ipv6", '0'))
        vt_buf_adds(flags, " --sysctl net.ipv6.conf.default.disable_ipv6=0");
}

/* The flags without which there is no IPv6, each after a space. Only if there are none, forwarding
 * is switched on where it was off. */
static char *lacking(const char *conf, uint64_t caps, const struct vt_net_view *view,
                     bool *ret_switched)
{
    struct vt_buf flags = VT_BUF_INIT(1024);
    bool forwards = is_set(conf, "all", "forwarding", '1');

    add_lacking(conf, caps, &flags);
    *ret_switched = !forwards && flags.len == 0 && switch_forwarding_on(conf, view);
    if (!forwards && !*ret_switched && (flags.len == 0 || !may_switch_forwarding_on(conf)))
        vt_buf_adds(&flags, " --sysctl net.ipv6.conf.all.forwarding=1");
    return vt_buf_take(&flags);
}

char *vt_ip6_lacking_at(const char *conf, uint64_t caps)
{
    struct vt_buf flags = VT_BUF_INIT(1024);

    add_lacking(conf, caps, &flags);
    return vt_buf_take(&flags);
}

char *vt_ip6_lacking(void)
{
    return vt_ip6_lacking_at(CONF, vt_caps_effective());
}

static const struct vt_address6 *first_address(const struct vt_net_view *view)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        bool ours = false;

        for (size_t l = 0; l < view->link_count; l++)
            ours |=
                view->links[l].ours && vt_streq(view->links[l].name, view->addresses6[i].ifname);
        if (!ours)
            return &view->addresses6[i];
    }
    return NULL;
}

bool vt_ip6_can_forward_at(const char *conf, uint64_t caps, const struct vt_net_view *view,
                           bool *ret_switched, char **ret_why)
{
    const struct vt_address6 *address = first_address(view);
    VT_AUTO_FREE char *flags = address ? lacking(conf, caps, view, ret_switched) : NULL;

    *ret_why = flags && *flags
                   ? vt_fmt("what comes to the container's IPv6 address %s does not reach the "
                            "guest, which has IPv4 only; for IPv6 run the container with%s",
                            vt_ip6_text(&address->address).s, flags)
                   : NULL;
    return address && !*ret_why;
}

bool vt_ip6_can_forward(const struct vt_net_view *view, bool *ret_switched, char **ret_why)
{
    return vt_ip6_can_forward_at(CONF, vt_caps_effective(), view, ret_switched, ret_why);
}
