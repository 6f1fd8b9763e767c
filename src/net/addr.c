/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>

#include "base/str.h"
#include "host/files.h"
#include "net/netlink.h"

#define MAX_DOMAIN 253
/* The C library once took six; and all of them go into one DHCP option of 255 bytes. */
#define MAX_SEARCH       6
#define MAX_SEARCH_BYTES 200U

struct vt_ip_text vt_ip_text(uint32_t address)
{
    struct vt_ip_text text;

    (void)snprintf(text.s, sizeof(text.s), "%u.%u.%u.%u", address >> 24, (address >> 16) & 255,
                   (address >> 8) & 255, address & 255);
    return text;
}

struct vt_ip_text vt_net_text(uint32_t network, unsigned prefix)
{
    struct vt_ip_text text = vt_ip_text(network);
    size_t len = strlen(text.s);

    (void)snprintf(text.s + len, sizeof(text.s) - len, "/%u", prefix & 63U);
    return text;
}

struct vt_ip6_text vt_ip6_text(const struct in6_addr *address)
{
    struct vt_ip6_text text;

    (void)!inet_ntop(AF_INET6, address, text.s, sizeof(text.s));
    return text;
}

/* A longer copy of @array (which is freed), with @entry at its end. */
static void *appended(void *array, size_t *count, const void *entry, size_t size)
{
    char *longer = vt_calloc(*count + 1, size);

    if (*count > 0)
        memcpy(longer, array, *count * size);
    memcpy(longer + *count * size, entry, size);
    free(array);
    (*count)++;
    return longer;
}

void vt_net_view_add_link(struct vt_net_view *view, const struct vt_link *link)
{
    view->links = appended(view->links, &view->link_count, link, sizeof(*link));
}

void vt_net_view_add_address(struct vt_net_view *view, const struct vt_address *address)
{
    view->addresses = appended(view->addresses, &view->address_count, address, sizeof(*address));
}

void vt_net_view_add_route(struct vt_net_view *view, const struct vt_route *route)
{
    view->routes = appended(view->routes, &view->route_count, route, sizeof(*route));
}

void vt_net_view_add_address6(struct vt_net_view *view, const struct vt_address6 *address)
{
    view->addresses6 = appended(view->addresses6, &view->address6_count, address, sizeof(*address));
}

void vt_net_view_add_route6(struct vt_net_view *view, const struct vt_route6 *route)
{
    view->routes6 = appended(view->routes6, &view->route6_count, route, sizeof(*route));
}

static void add_server(struct vt_net_view *view, const char *server)
{
    struct in_addr in;
    uint32_t address;

    if (inet_pton(AF_INET, server, &in) != 1)
        return;
    address = ntohl(in.s_addr);
    if (address >> 24 != 127)
        view->servers = appended(view->servers, &view->server_count, &address, sizeof(address));
}

/* Whether it can be a domain's name (RFC 1123, and underscores as they are met). */
static bool is_domain(const char *word)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return word[0] != '-' && word[0] != '.' && strlen(word) <= MAX_DOMAIN &&
           word[strspn(word, letters)] == '\0';
}

/* The last list counts, as for the C library; DHCP has room for this much of it. */
static void take_search(struct vt_net_view *view, char *list)
{
    VT_AUTO_BUF struct vt_buf taken = VT_BUF_INIT(4096);
    char *rest = NULL;
    unsigned n = 0;

    for (char *word = strtok_r(list, " \t", &rest); word && n < MAX_SEARCH;
         word = strtok_r(NULL, " \t", &rest)) {
        if (is_domain(word) && taken.len + strlen(word) < MAX_SEARCH_BYTES)
            vt_buf_addf(&taken, "%s%s", n++ > 0 ? " " : "", word);
    }
    vt_str_replace(&view->search, n > 0 ? vt_buf_take(&taken) : NULL);
}

void vt_net_view_add_resolv_conf(struct vt_net_view *view, const char *text)
{
    VT_AUTO_FREE char *copy = vt_strdup(text);
    char *rest = NULL;

    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char server[64];

        if (sscanf(line, " nameserver %63s", server) == 1)
            add_server(view, server);
        line += strspn(line, " \t");
        if (vt_startswith(line, "search ") || vt_startswith(line, "search\t"))
            take_search(view, line + strlen("search "));
    }
}

void vt_net_view_done(struct vt_net_view *view)
{
    free(view->links);
    free(view->addresses);
    free(view->routes);
    free(view->servers);
    free(view->search);
    free(view->addresses6);
    free(view->routes6);
    *view = (struct vt_net_view)VT_NET_VIEW_INIT;
}

static uint32_t attr_ip(const struct nlattr *attr)
{
    return ntohl(mnl_attr_get_u32(attr));
}

static void add_kind(const struct nlattr *info, struct vt_link *link)
{
    const struct nlattr *attrs[IFLA_INFO_MAX + 1] = {NULL};

    if (!info)
        return;
    vt_netlink_nested(info, attrs, IFLA_INFO_MAX);
    if (attrs[IFLA_INFO_KIND])
        (void)snprintf(link->kind, sizeof(link->kind), "%s",
                       mnl_attr_get_str(attrs[IFLA_INFO_KIND]));
}

static int on_link(const struct nlmsghdr *message, void *data)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[IFLA_MAX + 1] = {NULL};
    struct vt_link link = {.index = info->ifi_index,
                           .up = info->ifi_flags & IFF_UP,
                           .ethernet = info->ifi_type == ARPHRD_ETHER};

    vt_netlink_attrs(message, sizeof(*info), attrs, IFLA_MAX);
    if (!attrs[IFLA_IFNAME])
        return MNL_CB_OK;
    (void)snprintf(link.name, sizeof(link.name), "%s", mnl_attr_get_str(attrs[IFLA_IFNAME]));
    if (attrs[IFLA_MTU])
        link.mtu = mnl_attr_get_u32(attrs[IFLA_MTU]);
    if (attrs[IFLA_MASTER])
        link.master = (int)mnl_attr_get_u32(attrs[IFLA_MASTER]);
    if (attrs[IFLA_IFALIAS])
        (void)snprintf(link.alias, sizeof(link.alias), "%s", mnl_attr_get_str(attrs[IFLA_IFALIAS]));
    link.ours = attrs[IFLA_GROUP] && mnl_attr_get_u32(attrs[IFLA_GROUP]) == VT_NET_GROUP;
    add_kind(attrs[IFLA_LINKINFO], &link);
    if (link.ethernet)
        (void)vt_netlink_mac(attrs[IFLA_ADDRESS], link.mac);
    vt_net_view_add_link(data, &link);
    return MNL_CB_OK;
}

static void name_of(const struct vt_net_view *view, int index, char name[IFNAMSIZ])
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (view->links[i].index == index)
            memcpy(name, view->links[i].name, IFNAMSIZ);
    }
}

/* Whether an address of @attrs has another one at its other end. */
static bool has_peer(const struct nlattr **attrs)
{
    const struct nlattr *local = attrs[IFA_LOCAL], *address = attrs[IFA_ADDRESS];
    size_t len = local ? mnl_attr_get_payload_len(local) : 0;

    return local && address &&
           (mnl_attr_get_payload_len(address) != len ||
            memcmp(mnl_attr_get_payload(local), mnl_attr_get_payload(address), len) != 0);
}

static int on_address(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[IFA_MAX + 1] = {NULL};
    const struct nlattr *ip;
    struct vt_address address = {.prefix = info->ifa_prefixlen,
                                 .global = info->ifa_scope == RT_SCOPE_UNIVERSE};

    vt_netlink_attrs(message, sizeof(*info), attrs, IFA_MAX);
    ip = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
    if (!ip)
        return MNL_CB_OK;
    address.address = attr_ip(ip);
    address.peer = has_peer(attrs);
    if (address.peer)
        address.prefix = 32;
    name_of(data, (int)info->ifa_index, address.ifname);
    vt_net_view_add_address(data, &address);
    return MNL_CB_OK;
}

/* Whether somebody gave it, who would have to give it again. */
static bool is_given(const struct rtmsg *info)
{
    return info->rtm_type == RTN_UNICAST && info->rtm_protocol != RTPROT_KERNEL &&
           info->rtm_protocol != RTPROT_REDIRECT && info->rtm_protocol != RTPROT_RA;
}

/* Whether a vt_route says all that it is: its table is the main one, its only gateway one of its
 * own family (no RTA_VIA, RFC 5549), and it is for whatever is sent, from whatever address, as it
 * is. */
static bool is_plain(const struct rtmsg *info, const struct nlattr **attrs)
{
    return info->rtm_table == RT_TABLE_MAIN && info->rtm_tos == 0 && info->rtm_src_len == 0 &&
           !attrs[RTA_MULTIPATH] && !attrs[RTA_VIA] && !attrs[RTA_ENCAP];
}

/* The interface in @attrs, whose name goes to @ret, and to @ret_unkept where the route is not
 * plain: there that of the first of several. */
static void route_interface(const struct vt_net_view *view, const struct rtmsg *info,
                            const struct nlattr **attrs, char ret[IFNAMSIZ],
                            char ret_unkept[IFNAMSIZ])
{
    const struct nlattr *hops = attrs[RTA_MULTIPATH];
    const struct rtnexthop *first = hops ? mnl_attr_get_payload(hops) : NULL;

    if (attrs[RTA_OIF])
        name_of(view, (int)mnl_attr_get_u32(attrs[RTA_OIF]), ret);
    if (!is_given(info))
        return;
    if (first && mnl_attr_get_payload_len(hops) >= sizeof(*first))
        name_of(view, first->rtnh_ifindex, ret_unkept);
    else if (!is_plain(info, attrs))
        memcpy(ret_unkept, ret, IFNAMSIZ);
}

static unsigned attr_mtu(const struct nlattr *metrics)
{
    const struct nlattr *attrs[RTAX_MAX + 1] = {NULL};

    if (metrics)
        vt_netlink_nested(metrics, attrs, RTAX_MAX);
    return attrs[RTAX_MTU] ? mnl_attr_get_u32(attrs[RTAX_MTU]) : 0;
}

static int on_route(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[RTA_MAX + 1] = {NULL};
    struct vt_route route = {.prefix = info->rtm_dst_len,
                             .is_default = info->rtm_dst_len == 0,
                             .onlink = info->rtm_flags & RTNH_F_ONLINK};

    vt_netlink_attrs(message, sizeof(*info), attrs, RTA_MAX);
    if (info->rtm_table == RT_TABLE_LOCAL)
        return MNL_CB_OK;
    route.on_link = info->rtm_table == RT_TABLE_MAIN && info->rtm_type == RTN_UNICAST &&
                    info->rtm_scope == RT_SCOPE_LINK && info->rtm_dst_len > 0;
    if (attrs[RTA_DST])
        route.network = attr_ip(attrs[RTA_DST]);
    if (attrs[RTA_GATEWAY])
        route.gateway = attr_ip(attrs[RTA_GATEWAY]);
    if (attrs[RTA_PREFSRC])
        route.source = attr_ip(attrs[RTA_PREFSRC]);
    if (attrs[RTA_PRIORITY])
        route.metric = mnl_attr_get_u32(attrs[RTA_PRIORITY]);
    route.mtu = attr_mtu(attrs[RTA_METRICS]);
    route.given = is_given(info) && is_plain(info, attrs);
    route_interface(data, info, attrs, route.ifname, route.unkept);
    vt_net_view_add_route(data, &route);
    return MNL_CB_OK;
}

/* Whether @attr holds an IPv6 address, which it then copies. */
static bool attr_ip6(const struct nlattr *attr, struct in6_addr *ret)
{
    if (!attr || mnl_attr_get_payload_len(attr) != sizeof(*ret))
        return false;
    memcpy(ret, mnl_attr_get_payload(attr), sizeof(*ret));
    return true;
}

/* A kernel without IPv6 answers with what it has of other families. */
static int on_address6(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[IFA_MAX + 1] = {NULL};
    struct vt_address6 address = {.prefix = info->ifa_prefixlen,
                                  .permanent = info->ifa_flags & IFA_F_PERMANENT};

    if (info->ifa_family != AF_INET6 || info->ifa_scope != RT_SCOPE_UNIVERSE)
        return MNL_CB_OK;
    vt_netlink_attrs(message, sizeof(*info), attrs, IFA_MAX);
    if (!attr_ip6(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS], &address.address))
        return MNL_CB_OK;
    address.peer = has_peer(attrs);
    if (address.peer)
        address.prefix = 128;
    name_of(data, (int)info->ifa_index, address.ifname);
    vt_net_view_add_address6(data, &address);
    return MNL_CB_OK;
}

static int on_route6(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[RTA_MAX + 1] = {NULL};
    struct vt_route6 route = {.prefix = info->rtm_dst_len,
                              .onlink = info->rtm_flags & RTNH_F_ONLINK};

    if (info->rtm_family != AF_INET6 || info->rtm_table == RT_TABLE_LOCAL)
        return MNL_CB_OK;
    vt_netlink_attrs(message, sizeof(*info), attrs, RTA_MAX);
    if (!attr_ip6(attrs[RTA_DST], &route.network) && route.prefix > 0)
        return MNL_CB_OK;
    (void)attr_ip6(attrs[RTA_GATEWAY], &route.gateway);
    (void)attr_ip6(attrs[RTA_PREFSRC], &route.source);
    if (attrs[RTA_PRIORITY])
        route.metric = mnl_attr_get_u32(attrs[RTA_PRIORITY]);
    route.mtu = attr_mtu(attrs[RTA_METRICS]);
    route.given = is_given(info) && is_plain(info, attrs);
    route_interface(data, info, attrs, route.ifname, route.unkept);
    vt_net_view_add_route6(data, &route);
    return MNL_CB_OK;
}

static int read_tables(struct vt_netlink *netlink, struct vt_net_view *view)
{
    int r = vt_netlink_dump(netlink, RTM_GETLINK, AF_UNSPEC, on_link, view);

    if (r == 0)
        r = vt_netlink_dump(netlink, RTM_GETADDR, AF_INET, on_address, view);
    if (r == 0)
        r = vt_netlink_dump(netlink, RTM_GETROUTE, AF_INET, on_route, view);
    if (r == 0)
        r = vt_netlink_dump(netlink, RTM_GETADDR, AF_INET6, on_address6, view);
    if (r == 0)
        r = vt_netlink_dump(netlink, RTM_GETROUTE, AF_INET6, on_route6, view);
    return r;
}

int vt_net_view_read(struct vt_net_view *ret, struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_FREE char *resolv_conf = NULL;
    int r = vt_netlink_open(&netlink, err);

    if (r < 0)
        return r;
    r = read_tables(&netlink, &view);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                              "cannot read the container's addresses and routes");
    if (vt_file_read("/etc/resolv.conf", 65536, &resolv_conf, NULL) == 0)
        vt_net_view_add_resolv_conf(&view, resolv_conf);
    *ret = view;
    view = (struct vt_net_view)VT_NET_VIEW_INIT;
    return 0;
}
