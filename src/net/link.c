/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

struct nlmsghdr *vt_link_request(char *buffer, uint16_t type, uint16_t flags, const char *name)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = type;
    request->nlmsg_flags = flags;
    (void)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(request, IFLA_IFNAME, name);
    return request;
}

int vt_link_make_bridge(struct vt_netlink *netlink, const char *name, const char *mac, unsigned mtu)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request =
        vt_link_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
    struct nlattr *info;
    struct nlattr *data;

    vt_netlink_put_mac(request, IFLA_ADDRESS, mac);
    mnl_attr_put_u32(request, IFLA_MTU, mtu);
    mnl_attr_put_u32(request, IFLA_GROUP, VT_NET_GROUP);
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

int vt_link_delete(struct vt_netlink *netlink, const char *name)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_DELLINK, 0, name);
    int r = vt_netlink_ask(netlink, request, NULL, NULL);

    return r == -ENODEV ? 0 : r;
}

int vt_link_set_alias(struct vt_netlink *netlink, const char *name, const char *alias)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, name);

    mnl_attr_put_strz(request, IFLA_IFALIAS, alias);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_set_mac(struct vt_netlink *netlink, const char *name, const char *mac)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, name);

    vt_netlink_put_mac(request, IFLA_ADDRESS, mac);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_set_master(struct vt_netlink *netlink, const char *name, const char *master)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, name);

    mnl_attr_put_u32(request, IFLA_MASTER, if_nametoindex(master));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_set_port(struct vt_netlink *netlink, const char *name,
                     const struct vt_link_port_option *options, size_t count)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_SETLINK, 0, name);
    struct ifinfomsg *info = mnl_nlmsg_get_payload(request);
    struct nlattr *port = mnl_attr_nest_start(request, IFLA_PROTINFO | NLA_F_NESTED);

    info->ifi_family = AF_BRIDGE;
    info->ifi_index = (int)if_nametoindex(name);
    for (size_t i = 0; i < count; i++)
        mnl_attr_put_u8(request, options[i].type, options[i].value);
    mnl_attr_nest_end(request, port);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

static int change_flags(struct vt_netlink *netlink, const char *name, unsigned flags)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, name);
    struct ifinfomsg *info = mnl_nlmsg_get_payload(request);

    info->ifi_flags = flags;
    info->ifi_change = IFF_UP;
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_up(struct vt_netlink *netlink, const char *name)
{
    return change_flags(netlink, name, IFF_UP);
}

int vt_link_down(struct vt_netlink *netlink, const char *name)
{
    return change_flags(netlink, name, 0);
}

void vt_link_own_ip6(struct vt_netlink *netlink, const char *name, bool own)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, 0, name);
    struct nlattr *spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    struct nlattr *inet6 = mnl_attr_nest_start(request, AF_INET6);

    mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE,
                    own ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(request, inet6);
    mnl_attr_nest_end(request, spec);
    if (vt_netlink_ask(netlink, request, NULL, NULL) < 0)
        return;
}

/* Begin a request about an address of @name; @buffer as above. */
static struct nlmsghdr *address_request(char *buffer, uint16_t type, const char *name,
                                        unsigned char family, unsigned prefix)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifaddrmsg *info;

    request->nlmsg_type = type;
    if (type == RTM_NEWADDR)
        request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ifa_family = family;
    info->ifa_prefixlen = (unsigned char)prefix;
    info->ifa_index = if_nametoindex(name);
    return request;
}

int vt_link_add_address(struct vt_netlink *netlink, const char *name, uint32_t address,
                        unsigned prefix)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = address_request(buffer, RTM_NEWADDR, name, AF_INET, prefix);
    /* As RFC 3021 has it, a network of two has no broadcast address. */
    uint32_t hosts = prefix < 31 ? UINT32_MAX >> prefix : 0;

    mnl_attr_put_u32(request, IFA_LOCAL, htonl(address));
    mnl_attr_put_u32(request, IFA_ADDRESS, htonl(address));
    if (hosts != 0)
        mnl_attr_put_u32(request, IFA_BROADCAST, htonl(address | hosts));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/* No IFA_ADDRESS, which the kernel would look for the peer's network by. */
int vt_link_delete_address(struct vt_netlink *netlink, const char *name, uint32_t address)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = address_request(buffer, RTM_DELADDR, name, AF_INET, 32);

    mnl_attr_put_u32(request, IFA_LOCAL, htonl(address));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

static int change_address6(struct vt_netlink *netlink, uint16_t type, const char *name,
                           const struct in6_addr *address, unsigned prefix)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = address_request(buffer, type, name, AF_INET6, prefix);
    struct ifaddrmsg *info = mnl_nlmsg_get_payload(request);

    /* Nobody else can have it, and looking for that takes a second. */
    if (type == RTM_NEWADDR)
        info->ifa_flags = IFA_F_NODAD;
    mnl_attr_put(request, IFA_LOCAL, sizeof(*address), address);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_add_address6(struct vt_netlink *netlink, const char *name,
                         const struct in6_addr *address, unsigned prefix)
{
    return change_address6(netlink, RTM_NEWADDR, name, address, prefix);
}

int vt_link_delete_address6(struct vt_netlink *netlink, const char *name,
                            const struct in6_addr *address, unsigned prefix)
{
    return change_address6(netlink, RTM_DELADDR, name, address, prefix);
}

/* Begin a request about a route; @buffer as above. */
static struct nlmsghdr *route_request(char *buffer, uint16_t type, unsigned char family,
                                      unsigned prefix)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtmsg *info;

    request->nlmsg_type = type;
    if (type == RTM_NEWROUTE)
        request->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->rtm_family = family;
    info->rtm_dst_len = (unsigned char)prefix;
    info->rtm_table = RT_TABLE_MAIN;
    if (type == RTM_NEWROUTE) {
        info->rtm_protocol = RTPROT_STATIC;
        info->rtm_type = RTN_UNICAST;
    }
    return request;
}

static void put_mtu(struct nlmsghdr *request, unsigned mtu)
{
    struct nlattr *metrics;

    if (mtu == 0)
        return;
    metrics = mnl_attr_nest_start(request, RTA_METRICS);
    mnl_attr_put_u32(request, RTAX_MTU, mtu);
    mnl_attr_nest_end(request, metrics);
}

int vt_link_add_route(struct vt_netlink *netlink, const struct vt_route *route)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = route_request(buffer, RTM_NEWROUTE, AF_INET, route->prefix);
    struct rtmsg *info = mnl_nlmsg_get_payload(request);

    info->rtm_scope = route->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    info->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
    if (route->prefix > 0)
        mnl_attr_put_u32(request, RTA_DST, htonl(route->network));
    if (route->gateway)
        mnl_attr_put_u32(request, RTA_GATEWAY, htonl(route->gateway));
    if (route->source)
        mnl_attr_put_u32(request, RTA_PREFSRC, htonl(route->source));
    if (route->metric)
        mnl_attr_put_u32(request, RTA_PRIORITY, route->metric);
    put_mtu(request, route->mtu);
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex(route->ifname));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_delete_route(struct vt_netlink *netlink, const struct vt_route *route)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = route_request(buffer, RTM_DELROUTE, AF_INET, route->prefix);
    struct rtmsg *info = mnl_nlmsg_get_payload(request);
    int r;

    info->rtm_scope = RT_SCOPE_NOWHERE; /* any */
    mnl_attr_put_u32(request, RTA_DST, htonl(route->network));
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex(route->ifname));
    r = vt_netlink_ask(netlink, request, NULL, NULL);
    return r == -ESRCH ? 0 : r;
}

static int change_route6(struct vt_netlink *netlink, uint16_t type, const struct vt_route6 *route)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = route_request(buffer, type, AF_INET6, route->prefix);
    struct rtmsg *info = mnl_nlmsg_get_payload(request);

    info->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
    if (route->prefix > 0)
        mnl_attr_put(request, RTA_DST, sizeof(route->network), &route->network);
    if (!IN6_IS_ADDR_UNSPECIFIED(&route->gateway))
        mnl_attr_put(request, RTA_GATEWAY, sizeof(route->gateway), &route->gateway);
    if (!IN6_IS_ADDR_UNSPECIFIED(&route->source))
        mnl_attr_put(request, RTA_PREFSRC, sizeof(route->source), &route->source);
    if (route->metric)
        mnl_attr_put_u32(request, RTA_PRIORITY, route->metric);
    put_mtu(request, route->mtu);
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex(route->ifname));
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

int vt_link_add_route6(struct vt_netlink *netlink, const struct vt_route6 *route)
{
    return change_route6(netlink, RTM_NEWROUTE, route);
}

int vt_link_delete_route6(struct vt_netlink *netlink, const struct vt_route6 *route)
{
    int r = change_route6(netlink, RTM_DELROUTE, route);

    return r == -ESRCH ? 0 : r;
}
