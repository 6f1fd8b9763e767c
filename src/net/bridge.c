/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/ether.h>

#include "net/netlink.h"

/* How soon the kernel asks again where the guest is, and how often: as long in all as by default.
 */
#define ARP_RETRY 50 /* ms */
#define ARP_TRIES 60

/* Begin a request about the link @name; @buffer has VT_NETLINK_REQUEST zeroes. */
static struct nlmsghdr *link_request(char *buffer, uint16_t type, uint16_t flags, const char *name)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = type;
    request->nlmsg_flags = flags;
    (void)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(request, IFLA_IFNAME, name);
    return request;
}

static int create_bridge(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request =
        link_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, plan->bridge);
    struct ether_addr mac = {{0}};
    struct nlattr *info;
    struct nlattr *data;

    (void)ether_aton_r(plan->bridge_mac, &mac);
    mnl_attr_put(request, IFLA_ADDRESS, sizeof(mac), &mac);
    mnl_attr_put_u32(request, IFLA_MTU, plan->mtu);
    info = mnl_attr_nest_start(request, IFLA_LINKINFO);
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
    data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
    mnl_attr_put_u32(request, IFLA_BR_FORWARD_DELAY, 0);
    mnl_attr_put_u32(request, IFLA_BR_STP_STATE, 0);
    mnl_attr_put_u8(request, IFLA_BR_MCAST_SNOOPING, 0);
    mnl_attr_nest_end(request, data);
    mnl_attr_nest_end(request, info);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/* Mark it as ours; creation takes no alias. */
static int mark(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, plan->bridge);

    mnl_attr_put_strz(request, IFLA_IFALIAS, VT_NET_ALIAS);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/* No IPv6 address but those that we give it. A kernel without IPv6 refuses, and has none anyway. */
static void no_ip6_of_its_own(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, plan->bridge);
    struct nlattr *spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    struct nlattr *inet6 = mnl_attr_nest_start(request, AF_INET6);

    mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(request, inet6);
    mnl_attr_nest_end(request, spec);
    if (vt_netlink_ask(netlink, request, NULL, NULL) < 0)
        return;
}

/* Begin a request that gives the bridge an address of @family; @buffer as above. */
static struct nlmsghdr *address_request(char *buffer, const struct vt_net_plan *plan,
                                        unsigned char family, unsigned char prefix,
                                        unsigned char flags)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifaddrmsg *info;

    request->nlmsg_type = RTM_NEWADDR;
    request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ifa_family = family;
    info->ifa_prefixlen = prefix;
    info->ifa_flags = flags;
    info->ifa_index = if_nametoindex(plan->bridge);
    return request;
}

static int add_address(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = address_request(buffer, plan, AF_INET, VT_NET_PREFIX, 0);

    mnl_attr_put_u32(request, IFA_LOCAL, htonl(plan->gateway));
    mnl_attr_put_u32(request, IFA_ADDRESS, htonl(plan->gateway));
    mnl_attr_put_u32(request, IFA_BROADCAST, htonl(plan->subnet | ~vt_netmask(VT_NET_PREFIX)));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

static int add_address6(struct vt_netlink *netlink, const struct vt_net_plan *plan,
                        const struct in6_addr *address)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    /* Nobody else can have it, and looking for that takes a second. */
    struct nlmsghdr *request = address_request(buffer, plan, AF_INET6, VT_NET_PREFIX6, IFA_F_NODAD);

    mnl_attr_put(request, IFA_LOCAL, sizeof(*address), address);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/* The gateway's address, and fe80::1, from which it must advertise itself (RFC 4861, 4.2). */
static int add_addresses6(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80, [15] = 1}};
    int r = add_address6(netlink, plan, &link_local);

    return r < 0 ? r : add_address6(netlink, plan, &plan->gateway6);
}

static int set_up(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, plan->bridge);
    struct ifinfomsg *info = mnl_nlmsg_get_payload(request);

    info->ifi_flags = IFF_UP;
    info->ifi_change = IFF_UP;
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/*
 * Answer the guest's ARP requests for whatever the container has a route to elsewhere: the guest
 * takes networks of the container for its own (net/dhcp.c), a resumed one those of another
 * container. By netlink, as the sysctl cannot be written in a container without --privileged.
 */
static int answer_for_others(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, plan->bridge);
    struct nlattr *spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    struct nlattr *inet = mnl_attr_nest_start(request, AF_INET);
    struct nlattr *conf = mnl_attr_nest_start(request, IFLA_INET_CONF);

    mnl_attr_put_u32(request, IPV4_DEVCONF_PROXY_ARP, 1);
    mnl_attr_nest_end(request, conf);
    mnl_attr_nest_end(request, inet);
    mnl_attr_nest_end(request, spec);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/*
 * Who calls while the guest is started makes the kernel ask for its hardware address, which nobody
 * answers yet; by default it asks again a second later, which a resumed guest would seem to need to
 * answer. And nobody else answers the guest for others, so that need not wait for some tenths of a
 * second. Nothing else depends on it.
 */
static void ask_again_soon(struct vt_netlink *netlink, const struct vt_net_plan *plan)
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
    mnl_attr_put_u32(request, NDTPA_IFINDEX, if_nametoindex(plan->bridge));
    mnl_attr_put_u64(request, NDTPA_RETRANS_TIME, ARP_RETRY);
    mnl_attr_put_u32(request, NDTPA_MCAST_PROBES, ARP_TRIES);
    mnl_attr_put_u32(request, NDTPA_UCAST_PROBES, ARP_TRIES);
    mnl_attr_put_u64(request, NDTPA_PROXY_DELAY, 0);
    mnl_attr_nest_end(request, parms);
    if (vt_netlink_ask(netlink, request, NULL, NULL) < 0)
        return;
}

static int delete_bridge(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = link_request(buffer, RTM_DELLINK, 0, plan->bridge);
    int r = vt_netlink_ask(netlink, request, NULL, NULL);

    return r == -ENODEV ? 0 : r;
}

static int configure(struct vt_netlink *netlink, const struct vt_net_plan *plan)
{
    int r = mark(netlink, plan);

    if (r < 0)
        return r;
    no_ip6_of_its_own(netlink, plan);
    ask_again_soon(netlink, plan);
    r = answer_for_others(netlink, plan);
    if (r == 0)
        r = add_address(netlink, plan);
    if (r == 0 && plan->has_ip6)
        r = add_addresses6(netlink, plan);
    if (r < 0)
        return r;
    return set_up(netlink, plan);
}

static int creation_error(int code, const char *bridge, struct vt_error *err)
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
    r = plan->replace ? delete_bridge(&netlink, plan) : 0;
    if (r == 0)
        r = create_bridge(&netlink, plan);
    if (r < 0)
        return creation_error(r, plan->bridge, err);
    r = configure(&netlink, plan);
    if (r < 0) {
        (void)delete_bridge(&netlink, plan);
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
static int reflect(struct vt_netlink *netlink, int index)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *info;
    struct nlattr *port;

    request->nlmsg_type = RTM_SETLINK;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ifi_family = AF_BRIDGE;
    info->ifi_index = index;
    port = mnl_attr_nest_start(request, IFLA_PROTINFO | NLA_F_NESTED);
    mnl_attr_put_u8(request, IFLA_BRPORT_MODE, 1);
    mnl_attr_put_u8(request, IFLA_BRPORT_BCAST_FLOOD, 0);
    mnl_attr_put_u8(request, IFLA_BRPORT_MCAST_FLOOD, 0);
    mnl_attr_nest_end(request, port);
    return vt_netlink_ask(netlink, request, NULL, NULL);
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
        r = reflect(&netlink, view.links[i].index);
        if (r < 0)
            return vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "cannot let the guest reach itself by the container's address: "
                                  "port %s of %s",
                                  view.links[i].name, plan->bridge);
    }
    return 0;
}
