/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "net/arp.h"
#include "net/lan_record.h"
#include "net/mac.h"

/* The first of VT_LAN_HERE, which is nobody's. */
#define HERE      0xa9fe6400U
#define USUAL_MTU 1500U
/* Bytes in an option of DHCP. */
#define MAX_OPTION 255U
/* Router advertisements have networks of this length. */
#define PREFIX6 64U
/* Larger MTUs of the container (rootless engines have 65520) would only cost the guest memory. */
#define MAX_MTU 9000U

void vt_lan_free(struct vt_lan *lan)
{
    if (!lan)
        return;
    for (size_t i = 0; i < lan->count; i++) {
        free(lan->ports[i].record);
        free(lan->ports[i].routes);
    }
    free(lan->servers);
    free(lan->search);
    free(lan->notice);
    free(lan);
}

static void freep(struct vt_lan **lan)
{
    vt_lan_free(*lan);
}

bool vt_lan_serves_any(const struct vt_lan *lan)
{
    for (size_t i = 0; i < lan->count; i++) {
        if (vt_lan_serves(&lan->ports[i]) || vt_lan_serves6(&lan->ports[i]))
            return true;
    }
    return false;
}

bool vt_lan_learns(const struct vt_lan *lan)
{
    return !vt_lan_serves(&lan->ports[lan->first]);
}

bool vt_lan_may_learn(const struct vt_lan *lan)
{
    for (size_t i = 0; vt_lan_learns(lan) && !lan->deaf && i < lan->count; i++) {
        if (!lan->ports[i].given6)
            return true;
    }
    return false;
}

uint32_t vt_lan_address(const struct vt_lan *lan)
{
    uint32_t address = lan->ports[lan->first].guest;

    for (size_t i = 0; address == 0 && i < lan->count; i++)
        address = lan->ports[i].learned;
    return address;
}

bool vt_lan_has_way_out(const struct vt_lan *lan)
{
    return vt_lan_serves(&lan->ports[lan->first]) && lan->ports[lan->first].gateway_mac[0];
}

int vt_lan_check_wishes(const struct vt_config *config, struct vt_error *err)
{
    const char *name = NULL;

    if (config->ssh_rate.count > 0)
        name = "SSH_RATE";
    if (config->allow_from.count > 0)
        name = "ALLOW_FROM";
    if (config->ports.count > 0)
        name = "PORTS";
    if (!name)
        return 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -EPROTONOSUPPORT,
                        "with NETWORK=bridge, %s cannot be kept: everything of the container's "
                        "networks reaches the guest; leave it out and use a firewall in the guest, "
                        "or use NETWORK=nat",
                        name);
}

/* ---- which interfaces ---- */

/* What the kernel makes in every namespace by itself (gretap0) is down. */
static bool is_network(const struct vt_link *link)
{
    return link->ethernet && link->up && link->mac[0] && !vt_streq(link->kind, "bridge") &&
           !link->ours;
}

static int check_link(const struct vt_link *link, size_t count, struct vt_error *err)
{
    if (vt_streq(link->kind, "ipvlan"))
        return vt_error_set(err, VT_CAUSE_NETWORK, -EOPNOTSUPP,
                            "the container's %s is an ipvlan interface, which shares its MAC "
                            "address with others, so the guest cannot have it; use NETWORK=nat, or "
                            "attach the container to a macvlan or bridge network",
                            link->name);
    if (link->master != 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EBUSY,
                            "the container's %s is a port of a bridge already: another virtainer "
                            "runs in this network namespace; give this one a network of its own",
                            link->name);
    if (count == VT_LAN_PORTS)
        return vt_error_set(err, VT_CAUSE_NETWORK, -E2BIG,
                            "the container has more than %d networks, and with NETWORK=bridge the "
                            "guest gets a card for each; attach it to fewer, or use NETWORK=nat",
                            VT_LAN_PORTS);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct vt_lan_port *left = a, *right = b;

    /* eth10 is behind eth9. */
    return strverscmp(left->uplink, right->uplink);
}

static bool is_taken(const struct vt_net_view *view, const char *name)
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (vt_streq(view->links[i].name, name))
            return true;
    }
    return false;
}

/* The next virbrN that is free, after the @n-th. */
static void name_bridge(const struct vt_net_view *view, unsigned *n, struct vt_lan_port *port)
{
    do
        (void)snprintf(port->bridge, sizeof(port->bridge), "virbr%u", ++*n);
    while (is_taken(view, port->bridge));
}

static int choose_ports(const struct vt_net_view *view, struct vt_lan *lan, struct vt_error *err)
{
    for (size_t i = 0; i < view->link_count; i++) {
        const struct vt_link *link = &view->links[i];
        struct vt_lan_port *port;
        int r;

        if (!is_network(link))
            continue;
        r = check_link(link, lan->count, err);
        if (r < 0)
            return r;
        port = &lan->ports[lan->count++];
        port->mtu = link->mtu > MAX_MTU ? MAX_MTU : link->mtu;
        port->card_mtu = port->mtu == USUAL_MTU ? 0 : port->mtu;
        memcpy(port->uplink, link->name, sizeof(port->uplink));
        memcpy(port->uplink_mac, link->mac, sizeof(port->uplink_mac));
        memcpy(port->mac, link->mac, sizeof(port->mac));
    }
    if (lan->count == 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, -ENODEV,
                            "the container has no network interface with which the guest could "
                            "take its place; attach it to a network, or use NETWORK=none");
    qsort(lan->ports, lan->count, sizeof(lan->ports[0]), by_name);
    return 0;
}

/* ---- addresses and routes ---- */

void vt_lan_add_notice(struct vt_lan *lan, char *sentence)
{
    VT_AUTO_FREE char *former = VT_TAKE_PTR(lan->notice);
    VT_AUTO_FREE char *latter = sentence;

    lan->notice = former ? vt_fmt("%s; %s", former, latter) : VT_TAKE_PTR(latter);
}

static void choose_address(const struct vt_net_view *view, struct vt_lan *lan,
                           struct vt_lan_port *port)
{
    for (size_t i = 0; i < view->address_count; i++) {
        const struct vt_address *a = &view->addresses[i];

        if (!vt_streq(a->ifname, port->uplink) || !a->global)
            continue;
        if (port->guest != 0) {
            vt_lan_add_notice(
                lan, vt_fmt("the guest is not told the container's further address %s of %s",
                            vt_net_text(a->address, a->prefix).s, port->uplink));
            continue;
        }
        port->guest = a->address;
        port->prefix = a->prefix;
    }
}

static bool is_set6(const struct in6_addr *address)
{
    return !IN6_IS_ADDR_UNSPECIFIED(address);
}

bool vt_lan_serves6(const struct vt_lan_port *port)
{
    return is_set6(&port->guest6);
}

/* The address of @mac in the /64 of @network (RFC 4291, appendix A). */
static struct in6_addr address_of_mac(const struct in6_addr *network, const char *mac)
{
    struct in6_addr address = *network;
    struct ether_addr ether = {{0}};
    const uint8_t *m = ether.ether_addr_octet;

    (void)ether_aton_r(mac, &ether);
    memcpy(address.s6_addr + 8, (uint8_t[]){m[0] ^ 2U, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]},
           8);
    return address;
}

static void place_bridge6(struct vt_lan_port *port)
{
    const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80}};

    port->here6 = address_of_mac(&port->guest6, port->bridge_mac);
    port->router6 = address_of_mac(&link_local, port->bridge_mac);
}

/* The best default route of the interface's, as choose_gateways() takes it. */
static void choose_gateway6(const struct vt_net_view *view, struct vt_lan_port *port)
{
    const struct vt_route6 *best = NULL;

    for (size_t i = 0; i < view->route6_count; i++) {
        const struct vt_route6 *r = &view->routes6[i];

        if (r->prefix == 0 && vt_streq(r->ifname, port->uplink) && is_set6(&r->gateway) &&
            !r->unkept[0] && (!best || r->metric < best->metric))
            best = r;
    }
    if (best)
        port->gateway6 = best->gateway;
}

/* One that a router's advertisement gave the container the guest makes itself of the same. */
static void choose_address6(const struct vt_net_view *view, struct vt_lan *lan,
                            struct vt_lan_port *port)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        const struct vt_address6 *a = &view->addresses6[i];

        if (!vt_streq(a->ifname, port->uplink) || !a->permanent)
            continue;
        port->given6 = true;
        if (a->prefix != PREFIX6 || vt_lan_serves6(port))
            vt_lan_add_notice(
                lan, vt_fmt("the guest is not told the container's IPv6 address %s/%u of %s",
                            vt_ip6_text(&a->address).s, a->prefix, port->uplink));
        else
            port->guest6 = a->address;
    }
    if (!vt_lan_serves6(port))
        return;
    choose_gateway6(view, port);
    place_bridge6(port);
}

void vt_lan_drop_ip6(struct vt_lan *lan, const char *flags)
{
    for (size_t i = 0; i < lan->count; i++) {
        struct vt_lan_port *port = &lan->ports[i];

        if (!vt_lan_serves6(port))
            continue;
        vt_lan_add_notice(lan,
                          vt_fmt("the guest is not told the container's IPv6 address %s of %s; for "
                                 "that run the container with%s",
                                 vt_ip6_text(&port->guest6).s, port->uplink, flags));
        port->guest6 = port->gateway6 = (struct in6_addr)IN6ADDR_ANY_INIT;
    }
}

void vt_lan_cannot_learn(struct vt_lan *lan)
{
    lan->deaf = true;
    if (vt_lan_learns(lan))
        vt_lan_add_notice(
            lan, vt_strdup("the container does not learn which address the guest gets from its "
                           "network's DHCP, so virtainer ssh does not find it; for that run the "
                           "container with --cap-add NET_RAW"));
}

static bool is_on_link(const struct vt_lan_port *port, uint32_t address)
{
    uint32_t mask = vt_netmask(port->prefix);

    return (address & mask) == (port->guest & mask);
}

/* The best default route of all, which makes its port the first. What only a router knows how to
 * follow is not for the guest: it would hold for all that it sends. */
static void choose_gateways(const struct vt_net_view *view, struct vt_lan *lan)
{
    const struct vt_route *best = NULL;

    for (size_t n = 0; n < view->route_count; n++) {
        const struct vt_route *route = &view->routes[n];

        if (route->is_default && route->gateway && !route->unkept[0] &&
            (!best || route->metric < best->metric))
            best = route;
    }
    for (size_t i = lan->count; i-- > 0;) {
        if (vt_lan_serves(&lan->ports[i]))
            lan->first = i;
    }
    for (size_t i = 0; best && i < lan->count; i++) {
        if (!vt_streq(best->ifname, lan->ports[i].uplink) || !vt_lan_serves(&lan->ports[i]))
            continue;
        lan->ports[i].gateway = best->gateway;
        lan->first = i;
    }
}

/* What a route takes in option 121 (RFC 3442): its length, its bytes that count, its gateway. */
static size_t route_bytes(unsigned prefix)
{
    return 1 + (prefix + 7) / 8 + sizeof(uint32_t);
}

static void add_route(struct vt_buf *out, uint32_t network, unsigned prefix, uint32_t gateway)
{
    vt_buf_addf(out, "%s%s,", out->len > 0 ? "," : "", vt_net_text(network, prefix).s);
    vt_buf_adds(out, vt_ip_text(gateway).s);
}

/* The container's further routes by @port, as far as there is room in the option. */
static void add_further_routes(const struct vt_net_view *view, struct vt_lan *lan,
                               const struct vt_lan_port *port, struct vt_buf *out)
{
    /* The gateway, the default route, and what leads to the container. */
    size_t room = MAX_OPTION - route_bytes(32) - route_bytes(0) - route_bytes(32);
    unsigned left = 0;

    for (size_t i = 0; i < view->route_count; i++) {
        const struct vt_route *r = &view->routes[i];

        if (r->is_default || !vt_streq(r->ifname, port->uplink) || !r->gateway || r->unkept[0])
            continue;
        if (route_bytes(r->prefix) > room) {
            left++;
            continue;
        }
        room -= route_bytes(r->prefix);
        add_route(out, r->network, r->prefix, r->gateway);
    }
    if (left > 0)
        vt_lan_add_notice(
            lan, vt_fmt("the guest is not told %u of the container's routes by %s: DHCP has "
                        "no room for more",
                        left, port->uplink));
}

/*
 * Who is told routes by option 121 heeds no option 3 (RFC 3442), and some systems know neither of
 * these details: it is only sent where there is more to say than a gateway in the network.
 */
static void choose_routes(const struct vt_net_view *view, struct vt_lan *lan,
                          struct vt_lan_port *port)
{
    VT_AUTO_BUF struct vt_buf routes = VT_BUF_INIT(4096);
    bool first = port == &lan->ports[lan->first];

    if (!vt_lan_serves(port))
        return;
    add_further_routes(view, lan, port, &routes);
    /* Without a gateway nothing would lead the guest's answers to the container. */
    if (first && port->gateway == 0)
        add_route(&routes, port->here, 32, 0);
    if (port->gateway && !is_on_link(port, port->gateway))
        add_route(&routes, port->gateway, 32, 0);
    if (routes.len == 0 && (port->gateway == 0 || is_on_link(port, port->gateway)))
        return;
    if (port->gateway)
        add_route(&routes, 0, 0, port->gateway);
    port->routes = vt_buf_take(&routes);
}

static void choose_servers(const struct vt_net_view *view, struct vt_lan *lan)
{
    lan->search = vt_strdup(view->search);
    if (view->server_count == 0)
        return;
    lan->servers = vt_calloc(view->server_count, sizeof(*lan->servers));
    memcpy(lan->servers, view->servers, view->server_count * sizeof(*lan->servers));
    lan->server_count = view->server_count;
}

static void record(const struct vt_net_view *view, struct vt_lan *lan, struct vt_lan_port *port)
{
    unsigned left;

    port->record = vt_lan_record_text(view, port->uplink, port->uplink_mac, &left);
    if (left > 0)
        vt_lan_add_notice(
            lan, vt_fmt("who shares the container's network does not get back %u addresses "
                        "and routes of %s as they are at the guest's end: there is no room to keep "
                        "them, or more to them than is kept (a peer, several gateways or one of "
                        "IPv6 for IPv4, another table, a type of service, an encapsulation)",
                        left, port->uplink));
}

int vt_lan_plan(const struct vt_net_view *view, struct vt_lan **ret, struct vt_error *err)
{
    VT_CLEANUP(freep) struct vt_lan *lan = vt_calloc(1, sizeof(*lan));
    unsigned bridges = 0;
    int r = choose_ports(view, lan, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < lan->count; i++) {
        struct vt_lan_port *port = &lan->ports[i];

        name_bridge(view, &bridges, port);
        vt_mac_of_bridge(port->mac, port->bridge_mac);
        port->here = HERE + (uint32_t)i + 1;
        choose_address(view, lan, port);
        choose_address6(view, lan, port);
        record(view, lan, port);
    }
    choose_gateways(view, lan);
    for (size_t i = 0; i < lan->count; i++)
        choose_routes(view, lan, &lan->ports[i]);
    choose_servers(view, lan);
    *ret = VT_TAKE_PTR(lan);
    return 0;
}

/* ---- a guest that was saved ---- */

char *vt_lan_text(const struct vt_lan *lan)
{
    struct vt_buf text = VT_BUF_INIT(4096);

    for (size_t i = 0; i < lan->count; i++) {
        const struct vt_lan_port *port = &lan->ports[i];

        vt_buf_addf(&text, "%s%s %s", i > 0 ? ", " : "", port->mac, vt_ip_text(port->guest).s);
        if (port->learned)
            vt_buf_addf(&text, "~%s", vt_ip_text(port->learned).s);
        vt_buf_addf(&text, " %u", port->card_mtu);
        if (vt_lan_serves6(port))
            vt_buf_addf(&text, " %s", vt_ip6_text(&port->guest6).s);
    }
    return vt_buf_take(&text);
}

/* The address of one card of such a text: whether it fits @port, which then takes what was learned.
 */
static bool resume_address(struct vt_lan_port *port, char *text)
{
    char *learned = strchr(text, '~');
    struct in_addr in = {0};

    if (learned)
        *learned++ = '\0';
    if (!vt_streq(text, vt_ip_text(port->guest).s) ||
        (learned && (vt_lan_serves(port) || inet_pton(AF_INET, learned, &in) != 1 ||
                     !vt_arp_is_hosts(ntohl(in.s_addr)))))
        return false;
    port->learned = ntohl(in.s_addr);
    return true;
}

/* One card of such a text: whether it fits @port, which then takes it. */
static bool resume_port(struct vt_lan_port *port, const char *text)
{
    VT_AUTO_FREE char *six = vt_strdup(vt_lan_serves6(port) ? vt_ip6_text(&port->guest6).s : "");
    char mac[32], address[32], mtu[16], address6[64] = "", end;
    int n = sscanf(text, "%31s %31s %15s %63s %c", mac, address, mtu, address6, &end);
    uint64_t number;

    if (n < 3 || n > 4 || !resume_address(port, address) || !vt_streq(address6, six) ||
        vt_parse_u64(mtu, UINT16_MAX, &number) < 0 || vt_mac_parse(mac, port->mac) < 0)
        return false;
    port->card_mtu = (unsigned)number;
    vt_mac_of_bridge(port->mac, port->bridge_mac);
    place_bridge6(port);
    return true;
}

bool vt_lan_resume(struct vt_lan *lan, const char *text)
{
    VT_AUTO_FREE char *copy = vt_strdup(text);
    struct vt_lan_port ports[VT_LAN_PORTS];
    char *rest = NULL;
    size_t n = 0;

    memcpy(ports, lan->ports, sizeof(ports));
    for (char *card = strtok_r(copy, ",", &rest); card; card = strtok_r(NULL, ",", &rest)) {
        if (n == lan->count || !resume_port(&ports[n++], card))
            return false;
    }
    if (n != lan->count)
        return false;
    memcpy(lan->ports, ports, sizeof(ports));
    return true;
}
