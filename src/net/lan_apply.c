/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
/*
 * Theory of operation. First of all what each interface has is noted as its alias: whoever is
 * killed from then on leaves what vt_lan_give_back() needs. The rules are there before the first
 * frame passes. Of one interface after the other the addresses go (and their routes with them),
 * then it becomes a port.
 *
 * The interface keeps its MAC, as a macvlan one gets frames for that alone. But a bridge takes
 * what is for a port's MAC for itself, by an entry in its table that it makes for each port: that
 * entry is deleted. With two ports and nothing learned on one of them, what comes in by the
 * interface goes to the guest.
 */
/* clang-format on */
#include "net/lan_apply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/log.h"
#include "base/str.h"
#include "net/bridge_priv.h"
#include "net/lan_record.h"
#include "net/link.h"
#include "net/neighbour.h"
#include "net/nft.h"

/*
 * ms that a gateway may take to tell its MAC. With IPv6 that of an engine's bridge takes two
 * seconds from its first container on, to see whether it alone has the address (RFC 4862, 5.4).
 */
#define PATIENCE 3000

#define MAX_ADDRESSES 64 /* at a time */
#define PREFIX6       64U

/* ---- requests ---- */

/* Begin a request about a neighbour. */
static struct nlmsghdr *neighbour_request(char *buffer, uint16_t type, unsigned char family,
                                          int index)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ndmsg *info;

    request->nlmsg_type = type;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ndm_family = family;
    info->ndm_ifindex = index;
    return request;
}

static int forget_own_mac(struct vt_netlink *netlink, int index, const char *mac)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = neighbour_request(buffer, RTM_DELNEIGH, AF_BRIDGE, index);
    struct ndmsg *info = mnl_nlmsg_get_payload(request);
    int r;

    info->ndm_flags = NTF_MASTER;
    vt_netlink_put_mac(request, NDA_LLADDR, mac);
    r = vt_netlink_ask(netlink, request, NULL, NULL);
    return r == -ENOENT ? 0 : r;
}

static int set_neighbour(struct vt_netlink *netlink, int index, uint32_t address, const char *mac)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = neighbour_request(buffer, RTM_NEWNEIGH, AF_INET, index);
    struct ndmsg *info = mnl_nlmsg_get_payload(request);

    request->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    info->ndm_state = NUD_PERMANENT;
    mnl_attr_put_u32(request, NDA_DST, htonl(address));
    vt_netlink_put_mac(request, NDA_LLADDR, mac);
    return vt_netlink_ask(netlink, request, NULL, NULL);
}

/* ---- the gateways' MACs ---- */

static void notice_silence(struct vt_lan *lan, const struct vt_lan_port *port)
{
    if (port->gateway && !port->gateway_mac[0] && port == &lan->ports[lan->first])
        vt_lan_add_notice(
            lan, vt_fmt("the gateway %s does not answer: the container itself has no way out%s",
                        vt_ip_text(port->gateway).s,
                        lan->server_count == 0 ? ", and looks up no names for the guest" : ""));
    if (!IN6_IS_ADDR_UNSPECIFIED(&port->gateway6) && !port->gateway6_mac[0])
        vt_lan_add_notice(lan, vt_fmt("the IPv6 gateway %s does not answer: the guest has no way "
                                      "out by it",
                                      vt_ip6_text(&port->gateway6).s));
}

/* While the container still can. What follows where one does not answer is told, not refused: the
 * guest itself asks it as it likes. */
static int ask_gateways(struct vt_lan *lan, struct vt_error *err)
{
    struct vt_neighbour gateways[2 * VT_LAN_PORTS];
    uint32_t addresses[VT_LAN_PORTS];
    size_t n = 0;
    int r;

    for (size_t i = 0; i < lan->count; i++) {
        struct vt_lan_port *port = &lan->ports[i];
        int index = (int)if_nametoindex(port->uplink);

        addresses[i] = htonl(port->gateway);
        if (port->gateway)
            gateways[n++] = (struct vt_neighbour){index, AF_INET, &addresses[i], port->gateway_mac};
        if (!IN6_IS_ADDR_UNSPECIFIED(&port->gateway6))
            gateways[n++] =
                (struct vt_neighbour){index, AF_INET6, &port->gateway6, port->gateway6_mac};
    }
    r = vt_neighbour_find(gateways, n, PATIENCE, err);
    for (size_t i = 0; r == 0 && i < lan->count; i++)
        notice_silence(lan, &lan->ports[i]);
    return r;
}

/* ---- taking ---- */

struct own_address {
    unsigned char family, prefix;
    uint8_t bytes[16];
};

struct own_addresses {
    unsigned index;
    size_t count;
    struct own_address list[MAX_ADDRESSES];
};

static int on_address(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
    struct own_addresses *own = data;
    const struct nlattr *attrs[IFA_MAX + 1] = {NULL};
    const struct nlattr *local;

    if (info->ifa_index != own->index || own->count == MAX_ADDRESSES)
        return MNL_CB_OK;
    vt_netlink_attrs(message, sizeof(*info), attrs, IFA_MAX);
    local = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
    if (local && mnl_attr_get_payload_len(local) <= sizeof(own->list[0].bytes)) {
        struct own_address *address = &own->list[own->count++];

        address->family = info->ifa_family;
        address->prefix = info->ifa_prefixlen;
        memcpy(address->bytes, mnl_attr_get_payload(local), mnl_attr_get_payload_len(local));
    }
    return MNL_CB_OK;
}

static int strip_address(struct vt_netlink *netlink, const char *name,
                         const struct own_address *address)
{
    struct in6_addr six;
    uint32_t four;

    memcpy(&four, address->bytes, sizeof(four));
    memcpy(&six, address->bytes, sizeof(six));
    return address->family == AF_INET6
               ? vt_link_delete_address6(netlink, name, &six, address->prefix)
               : vt_link_delete_address(netlink, name, ntohl(four));
}

/* With one address others go: its secondary ones. But not all can have gone by themselves. */
static int strip_addresses(struct vt_netlink *netlink, const char *name,
                           const struct own_addresses *own)
{
    bool stripped = false;
    int r = 0;

    for (size_t i = 0; i < own->count; i++) {
        r = strip_address(netlink, name, &own->list[i]);
        if (r < 0 && r != -EADDRNOTAVAIL)
            return r;
        stripped |= r == 0;
    }
    return stripped || own->count == 0 ? 0 : r;
}

/* Until there is none. Link-local ones, too: they are the guest's. */
static int strip(struct vt_netlink *netlink, const char *name)
{
    struct own_addresses own = {.index = if_nametoindex(name)};
    int r;

    vt_link_own_ip6(netlink, name, false);
    do {
        own.count = 0;
        r = vt_netlink_dump(netlink, RTM_GETADDR, AF_UNSPEC, on_address, &own);
        if (r == 0)
            r = strip_addresses(netlink, name, &own);
    } while (r == 0 && own.count > 0);
    return r;
}

/* Unlike IPv4's, they do not go with the addresses. */
static int strip_routes6(struct vt_netlink *netlink, const struct vt_net_view *view,
                         const char *name)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < view->route6_count; i++) {
        if (vt_streq(view->routes6[i].ifname, name))
            r = vt_link_delete_route6(netlink, &view->routes6[i]);
    }
    return r;
}

static int make_bridge(struct vt_netlink *netlink, const struct vt_lan_port *port)
{
    int r = vt_link_make_bridge(netlink, port->bridge, port->bridge_mac, port->mtu);

    if (r < 0)
        return r;
    vt_link_own_ip6(netlink, port->bridge, false);
    vt_bridge_ask_again_soon(netlink, port->bridge);
    r = vt_link_add_address(netlink, port->bridge, port->here, 32);
    if (r == 0 && vt_lan_serves6(port))
        r = vt_link_add_address6(netlink, port->bridge, &port->router6, PREFIX6);
    if (r == 0 && vt_lan_serves6(port))
        r = vt_link_add_address6(netlink, port->bridge, &port->here6, PREFIX6);
    return r == 0 ? vt_link_up(netlink, port->bridge) : r;
}

static int take_uplink(struct vt_netlink *netlink, const struct vt_net_view *view,
                       const struct vt_lan_port *port)
{
    static const struct vt_link_port_option learn_nothing = {IFLA_BRPORT_LEARNING, 0};
    int r = strip_routes6(netlink, view, port->uplink);

    if (r == 0)
        r = strip(netlink, port->uplink);
    if (r == 0 && !vt_streq(port->mac, port->uplink_mac))
        r = vt_link_set_mac(netlink, port->uplink, port->mac);
    if (r == 0)
        r = vt_link_set_master(netlink, port->uplink, port->bridge);
    if (r == 0)
        r = vt_link_set_port(netlink, port->uplink, &learn_nothing, 1);
    return r == 0 ? forget_own_mac(netlink, (int)if_nametoindex(port->uplink), port->mac) : r;
}

static struct vt_route way_to(const struct vt_lan_port *port, uint32_t address)
{
    struct vt_route way = {.network = address, .prefix = 32, .source = port->here};

    memcpy(way.ifname, port->bridge, sizeof(way.ifname));
    return way;
}

/* The container's ways: to the guest, and by its address to the world. */
static int add_ways(struct vt_netlink *netlink, const struct vt_lan *lan,
                    const struct vt_lan_port *port)
{
    struct vt_route to_guest = way_to(port, port->guest);
    struct vt_route out = {.gateway = port->gateway, .source = port->here, .onlink = true};
    int r = 0;

    if (to_guest.network == 0)
        return 0;
    memcpy(out.ifname, port->bridge, sizeof(out.ifname));
    r = vt_link_add_route(netlink, &to_guest);
    if (r < 0 || !vt_lan_has_way_out(lan) || port != &lan->ports[lan->first])
        return r;
    r = set_neighbour(netlink, (int)if_nametoindex(port->bridge), port->gateway, port->gateway_mac);
    return r == 0 ? vt_link_add_route(netlink, &out) : r;
}

static int cannot_take(const struct vt_lan_port *port, int code, struct vt_error *err)
{
    return vt_error_errno(err, VT_CAUSE_NETWORK, -code,
                          "cannot give the container's %s to the guest; NETWORK=nat leaves it as "
                          "it is",
                          port->uplink);
}

static int note_all(struct vt_netlink *netlink, const struct vt_lan *lan, struct vt_error *err)
{
    for (size_t i = 0; i < lan->count; i++) {
        int r = vt_link_set_alias(netlink, lan->ports[i].uplink, lan->ports[i].record);

        if (r < 0)
            return cannot_take(&lan->ports[i], r, err);
    }
    return 0;
}

static int take_port(struct vt_netlink *netlink, const struct vt_net_view *view,
                     const struct vt_lan *lan, const struct vt_lan_port *port, struct vt_error *err)
{
    int r = make_bridge(netlink, port);

    if (r < 0)
        return vt_bridge_error(r, port->bridge, err);
    r = take_uplink(netlink, view, port);
    if (r == 0)
        r = add_ways(netlink, lan, port);
    return r < 0 ? cannot_take(port, r, err) : 0;
}

/* ---- an address that others give ---- */

static int on_way(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attrs[RTA_MAX + 1] = {NULL};

    vt_netlink_attrs(message, sizeof(struct rtmsg), attrs, RTA_MAX);
    if (attrs[RTA_OIF])
        *(unsigned *)data = mnl_attr_get_u32(attrs[RTA_OIF]);
    return MNL_CB_STOP;
}

/* Whether what the container sends to @address has a way already, and that is not to the guest:
 * another network's, or the container's own address. */
static bool is_elsewhere(struct vt_netlink *netlink, const struct vt_lan *lan, uint32_t address)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtmsg *info;
    unsigned index = 0;

    request->nlmsg_type = RTM_GETROUTE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->rtm_family = AF_INET;
    info->rtm_dst_len = 32;
    mnl_attr_put_u32(request, RTA_DST, htonl(address));
    if (vt_netlink_ask(netlink, request, on_way, &index) < 0 || index == 0)
        return false;
    for (size_t i = 0; i < lan->count; i++) {
        if (if_nametoindex(lan->ports[i].bridge) == index ||
            if_nametoindex(lan->ports[i].uplink) == index)
            return false;
    }
    return true;
}

/* The container's way to @address (0: to none) instead of to port->learned. */
static int move_way(struct vt_netlink *netlink, struct vt_lan_port *port, uint32_t address)
{
    struct vt_route former = way_to(port, port->learned), way = way_to(port, address);

    port->learned = address;
    if (former.network != 0 && vt_link_delete_route(netlink, &former) < 0)
        vt_debug("the way to the guest's former address is still there");
    return address != 0 ? vt_link_add_route(netlink, &way) : 0;
}

int vt_lan_learn(const struct vt_lan *lan, struct vt_lan_port *port, uint32_t address,
                 struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    int r = vt_netlink_open(&netlink, err);

    if (r < 0) {
        port->learned = address;
        return r;
    }
    if (address != 0 && is_elsewhere(&netlink, lan, address))
        return vt_error_set(err, VT_CAUSE_NETWORK, -EADDRINUSE,
                            "the guest says that its address on the network of %s is %s, which the "
                            "container has another way to; that is left as it is",
                            port->uplink, vt_ip_text(address).s);
    r = move_way(&netlink, port, address);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "the container finds no way to the guest's address %s",
                                  vt_ip_text(address).s)
                 : 0;
}

void vt_lan_forget(struct vt_lan *lan)
{
    for (size_t i = 0; i < lan->count; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        if (lan->ports[i].learned && vt_lan_learn(lan, &lan->ports[i], 0, &err) < 0)
            vt_debug("%s", err.msg);
    }
}

/* Of a guest that is resumed. One that is not its any more it has to say again. */
static int add_learned_ways(struct vt_lan *lan, struct vt_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < lan->count; i++) {
        VT_AUTO_ERROR struct vt_error cause = VT_ERROR_INIT;
        uint32_t address = lan->ports[i].learned;

        if (address == 0)
            continue;
        lan->ports[i].learned = 0;
        r = vt_lan_learn(lan, &lan->ports[i], address, &cause);
        if (r == -EADDRINUSE)
            r = 0;
        if (r < 0)
            vt_error_move(err, &cause);
    }
    return r;
}

/* ---- all of it ---- */

int vt_lan_apply_rules(const struct vt_lan *lan, struct vt_rules_mark *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *fresh = vt_lan_ruleset(lan, true);
    VT_AUTO_FREE char *replacing = vt_lan_ruleset(lan, false);

    return vt_rules_apply(fresh, replacing, "cannot give the container's networks to the guest",
                          ret, err);
}

int vt_lan_take(struct vt_lan *lan, struct vt_rules_mark *ret, struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    int r = vt_net_view_read(&view, err);

    if (r == 0)
        r = vt_netlink_open(&netlink, err);
    if (r == 0)
        r = ask_gateways(lan, err);
    if (r < 0)
        return r;
    r = note_all(&netlink, lan, err);
    if (r == 0)
        r = vt_lan_apply_rules(lan, ret, err);
    for (size_t i = 0; r == 0 && i < lan->count; i++)
        r = take_port(&netlink, &view, lan, &lan->ports[i], err);
    if (r == 0)
        r = add_learned_ways(lan, err);
    if (r < 0)
        (void)!vt_lan_give_back(NULL);
    return r;
}
