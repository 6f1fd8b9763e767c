/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/prepare_lan.h"

#include "base/str.h"
#include "host/caps.h"
#include "net/dhcp.h"
#include "net/ip6.h"
#include "net/lan_apply.h"

static void drop_ip6(struct vt_lan *lan)
{
    VT_AUTO_FREE char *flags = NULL;

    for (size_t i = 0; i < lan->count && !flags; i++) {
        if (vt_lan_serves6(&lan->ports[i]))
            flags = vt_ip6_lacking();
    }
    if (flags && *flags)
        vt_lan_drop_ip6(lan, flags);
}

int vt_prepare_lan(struct vt_prepared *p, const struct vt_net_view *view, struct vt_error *err)
{
    struct vt_lan *lan;
    int r = vt_lan_plan(view, &lan, err);

    if (r < 0)
        return r;
    drop_ip6(lan);
    if (!(vt_caps_effective() & VT_CAP(CAP_NET_RAW)))
        vt_lan_cannot_learn(lan);
    vt_net_plan_of_lan(lan, &p->net);
    if (p->saved.kind != VT_SAVED_FITS)
        return 0;
    if (!p->saved.cidr || !vt_lan_resume(lan, p->saved.cidr))
        r = vt_prepared_set_aside(
            p, "the container's addresses are others than then, and the guest has those of then",
            err);
    vt_net_plan_of_lan(lan, &p->net);
    return r;
}

int vt_take_lan(struct vt_prepared *p, struct vt_error *err)
{
    int r = p->net.lan ? vt_lan_take(p->net.lan, &p->rules, err) : 0;

    if (r < 0 || !p->net.lan)
        return r;
    p->lan_taken = true;
    if (vt_lan_serves_any(p->net.lan))
        p->dhcp_pid = vt_dhcp_start(&p->net, err);
    return p->dhcp_pid < 0 ? p->dhcp_pid : 0;
}
