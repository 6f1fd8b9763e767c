/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/bridge.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "net/bridge_priv.h"
#include "net/link.h"

/* How soon the kernel asks again where the guest is, and how often: as long in all as by default.
 */
#define ARP_RETRY 50 /* ms */
#define ARP_TRIES 60

/* The gateway's address, and fe80::1, from which it must advertise itself (RFC 4861, 4.2). */
static int add_addresses6(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80, [15] = 1}};
    int r = vt_link_add_address6(netlink, plan->bridge, &link_local, VT_NET_PREFIX6);

    return r < 0 ? r : vt_link_add_address6(netlink, plan->bridge, &plan->gateway6, VT_NET_PREFIX6);
}

/*
 * Answer the guest's ARP requests for whatever the container has a route to elsewhere: the guest
 * takes networks of the container for its own (net/dhcp.c), a resumed one those of another
 * container. By netlink, as the sysctl cannot be written in a container without --privileged.
 */
static int answer_for_others(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, plan->bridge);
    struct nlattr *spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    struct nlattr *inet = mnl_attr_nest_start(request, AF_INET);
    struct nlattr *conf = mnl_attr_nest_start(request, IFLA_INET_CONF);

    mnl_attr_put_u32(request, IPV4_DEVCONF_PROXY_ARP, 1);
    mnl_attr_nest_end(request, conf);
    mnl_attr_nest_end(request, inet);
    mnl_attr_nest_end(request, spec);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

void vt_bridge_ask_again_soon(struct vt_netlink *netlink, const char *bridge)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ndtmsg *table;
    struct nlattr *parms;

    request->nlmsg_type = RTM_SETNEIGHTBL;
    table = mnl_nlmsg_put_extra_header(request, sizeof(*table));
    table->ndtm_family = AF_INET;
    mnl_attr_put_strz(request, NDTA_NAME, "arp_cache");
    parms = mnl_attr_nest_start(request, NDTA_PARMS);
    mnl_attr_put_u32(request, NDTPA_IFINDEX, if_nametoindex(bridge));
    mnl_attr_put_u64(request, NDTPA_RETRANS_TIME, ARP_RETRY);
    mnl_attr_put_u32(request, NDTPA_MCAST_PROBES, ARP_TRIES);
    mnl_attr_put_u32(request, NDTPA_UCAST_PROBES, ARP_TRIES);
    mnl_attr_put_u64(request, NDTPA_PROXY_DELAY, 0);
    mnl_attr_nest_end(request, parms);
    if (vt_netlink_ask(netlink, request, NULL, NULL) < 0)
        return;
}

static int configure(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    int r;

    /* No IPv6 address but those that we give it. */
    vt_link_own_ip6(netlink, plan->bridge, false);
    vt_bridge_ask_again_soon(netlink, plan->bridge);
    r = answer_for_others(netlink, plan);
    if (r == 0)
        r = vt_link_add_address(netlink, plan->bridge, plan->gateway, VT_NET_PREFIX);
    if (r == 0 && plan->has_ip6)
        r = add_addresses6(netlink, plan);
    if (r < 0)
        return r;
    return vt_link_up(netlink, plan->bridge);
}

int vt_bridge_error(int code, const char *bridge, struct vt_error *err)
{
    if (code == -EPERM || code == -EACCES)
        return vt_error_set(err, VT_CAUSE_NETWORK, code,
                            "not allowed to make the guest's bridge %s; run the container with "
                            "--cap-add NET_ADMIN",
                            bridge);
    if (code == -EOPNOTSUPP)
        return vt_error_set(err, VT_CAUSE_NETWORK, code,
                            "the kernel has no bridges for %s; load the module on the host: "
                            "modprobe bridge",
                            bridge);
    return vt_error_errno(err, VT_CAUSE_NETWORK, -code, "cannot make the guest's bridge %s",
                          bridge);
}

int vt_bridge_make(const struct vt_net_plan *plan, struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    int r = vt_netlink_open(&netlink, err);

    if (r < 0)
        return r;
    r = plan->replace ? vt_link_delete(&netlink, plan->bridge) : 0;
    if (r == 0)
        r = vt_link_make_bridge(&netlink, plan->bridge, plan->bridge_mac, plan->mtu);
    if (r < 0)
        return vt_bridge_error(r, plan->bridge, err);
    r = configure(&netlink, plan);
    if (r < 0) {
        (void)!vt_link_delete(&netlink, plan->bridge);
        return vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                              "cannot set up the guest's bridge %s with address %s", plan->bridge,
                              vt_net_text(plan->gateway, VT_NET_PREFIX).s);
    }
    return 0;
}

/*
 * Send back through the port what came in by it, if it is for the guest: but neither broadcasts nor
 * multicasts, which the guest would take for somebody else with its address.
 */
static int reflect(struct vt_netlink *netlink, const char *name)
{
    static const struct vt_link_port_option options[] = {
        {IFLA_BRPORT_MODE, 1},
        {IFLA_BRPORT_BCAST_FLOOD, 0},
        {IFLA_BRPORT_MCAST_FLOOD, 0},
    };

    return vt_link_set_port(netlink, name, options, VT_ARRAY_SIZE(options));
}

int vt_bridge_hairpin(const struct vt_net_plan *plan, struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    int bridge = (int)if_nametoindex(plan->bridge);
    int r = vt_net_view_read(&view, err);

    if (r == 0)
        r = vt_netlink_open(&netlink, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < view.link_count; i++) {
        if (bridge == 0 || view.links[i].master != bridge)
            continue;
        r = reflect(&netlink, view.links[i].name);
        if (r < 0)
            return vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "cannot let the guest reach itself by the container's address: "
                                  "port %s of %s",
                                  view.links[i].name, plan->bridge);
    }
    return 0;
}
