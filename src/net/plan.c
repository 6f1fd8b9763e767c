/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "net/mac.h"

#define IP(a, b, c, d) \
    (((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | ((uint32_t)(c) << 8) | (uint32_t)(d))

/* Bridges that are tried: virbr1 … virbr99. */
#define MAX_BRIDGE 99
/* Larger MTUs of the container (rootless engines have 65520) would only cost the guest memory. */
#define MAX_MTU 9000U
/* Routes shorter than this stand for "everywhere" (a VPN's 0.0.0.0/1) and are no reason to move. */
#define SHORTEST_PREFIX 4U

/*
 * Where the guest's subnet goes when the one asked for is taken: first 192.168.100 to 199,
 * then 10.200.100 to 10.249.100. Docker's default pools (172.16/12, and 192.168/16 after it) and
 * podman's (10.88/16 and on) are for engines inside the guest or beside it: the former's 172 and
 * the latter are never candidates.
 */
struct candidates {
    uint32_t first;
    uint32_t step;
    unsigned count;
};

static const struct candidates candidates[] = {
    {IP(192, 168, 100, 0), IP(0, 0, 1, 0), 100},
    {IP(10, 200, 100, 0), IP(0, 1, 0, 0), 50},
};

static bool overlap(uint32_t a, unsigned a_prefix, uint32_t b, unsigned b_prefix)
{
    uint32_t mask = vt_netmask(a_prefix < b_prefix ? a_prefix : b_prefix);

    return (a & mask) == (b & mask);
}

/* Whether an entry is of the bridge that will be replaced; @own is NULL when there is none. */
static bool is_own(const char *ifname, const char *own)
{
    return own && vt_streq(ifname, own);
}

/* What of the container lies in the /24 @subnet, for a person; NULL if nothing does. Interface @own
 * is not looked at. */
static char *obstacle(const struct vt_net_view *view, uint32_t subnet, const char *own)
{
    for (size_t i = 0; i < view->address_count; i++) {
        const struct vt_address *a = &view->addresses[i];

        if (!is_own(a->ifname, own) && overlap(subnet, VT_NET_PREFIX, a->address, a->prefix))
            return vt_fmt("address %s of %s", vt_net_text(a->address, a->prefix).s, a->ifname);
    }
    for (size_t i = 0; i < view->route_count; i++) {
        const struct vt_route *r = &view->routes[i];

        if (r->prefix >= SHORTEST_PREFIX && !is_own(r->ifname, own) &&
            overlap(subnet, VT_NET_PREFIX, r->network, r->prefix))
            return vt_fmt("route %s%s%s", vt_net_text(r->network, r->prefix).s,
                          r->ifname[0] ? " of " : "", r->ifname);
    }
    for (size_t i = 0; i < view->server_count; i++) {
        if (overlap(subnet, VT_NET_PREFIX, view->servers[i], 32))
            return vt_fmt("name server %s", vt_ip_text(view->servers[i]).s);
    }
    return NULL;
}

static int find_free(const struct vt_net_view *view, const char *own, uint32_t *ret)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(candidates); i++) {
        for (unsigned n = 0; n < candidates[i].count; n++) {
            uint32_t subnet = candidates[i].first + n * candidates[i].step;
            VT_AUTO_FREE char *taken_by = obstacle(view, subnet, own);

            if (!taken_by) {
                *ret = subnet;
                return 0;
            }
        }
    }
    return -EADDRNOTAVAIL;
}

static int choose_subnet(const struct vt_config *config, const struct vt_net_view *view,
                         struct vt_net_plan *plan, struct vt_error *err)
{
    VT_AUTO_FREE char *text = vt_fmt("%s.0", config->cidr);
    const char *own = plan->replace ? plan->bridge : NULL;
    struct in_addr in;

    if (inet_pton(AF_INET, text, &in) != 1)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "CIDR is '%s', which is not three numbers such as 192.168.100",
                            config->cidr);
    plan->wanted = ntohl(in.s_addr);
    plan->subnet = plan->wanted;
    plan->reason = obstacle(view, plan->wanted, own);
    plan->moved = plan->reason != NULL;
    if (plan->moved && find_free(view, own, &plan->subnet) < 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EADDRNOTAVAIL,
                            "no subnet is left for the guest: %s overlaps %s.0/24, and every other "
                            "candidate is taken too; attach the container to a network with "
                            "narrower routes, or use NETWORK=none",
                            plan->reason, config->cidr);
    plan->gateway = plan->subnet | 1U;
    plan->guest = plan->subnet | 100U;
    return 0;
}

static const struct vt_link *find_link(const struct vt_net_view *view, const char *name)
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (vt_streq(view->links[i].name, name))
            return &view->links[i];
    }
    return NULL;
}

static bool has_ports(const struct vt_net_view *view, const struct vt_link *bridge)
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (view->links[i].master == bridge->index)
            return true;
    }
    return false;
}

static int choose_bridge(const struct vt_net_view *view, struct vt_net_plan *plan,
                         struct vt_error *err)
{
    for (size_t i = 0; i < view->link_count; i++) {
        const struct vt_link *link = &view->links[i];

        if (!link->ours)
            continue;
        if (has_ports(view, link))
            return vt_error_set(err, VT_CAUSE_NETWORK, -EBUSY,
                                "another virtainer runs in this network namespace, on bridge %s; "
                                "give this one a network of its own",
                                link->name);
        (void)snprintf(plan->bridge, sizeof(plan->bridge), "%s", link->name);
        plan->replace = true;
        return 0;
    }
    for (unsigned n = 1; n <= MAX_BRIDGE; n++) {
        (void)snprintf(plan->bridge, sizeof(plan->bridge), "virbr%u", n);
        if (!find_link(view, plan->bridge))
            return 0;
    }
    return vt_error_set(err, VT_CAUSE_NETWORK, -EEXIST,
                        "every bridge name from virbr1 to virbr%d is taken in this network "
                        "namespace; give the container a network of its own",
                        MAX_BRIDGE);
}

/* One of another table leads only some of what the container sends: it counts where there is no
 * other, as with WireGuard's wg-quick. */
static bool is_better(const struct vt_route *route, const struct vt_route *other)
{
    bool whole = !route->unkept[0], other_whole = !other->unkept[0];

    return whole == other_whole ? route->metric < other->metric : whole;
}

void vt_net_plan_uplink(const struct vt_net_view *view, struct vt_net_plan *plan)
{
    const struct vt_route *best = NULL;

    for (size_t i = 0; i < view->route_count; i++) {
        const struct vt_route *r = &view->routes[i];

        if (r->is_default && r->ifname[0] && (!best || is_better(r, best)))
            best = r;
    }
    for (size_t i = 0; i < view->address_count && plan->container == 0; i++) {
        const struct vt_address *a = &view->addresses[i];

        if (!a->global || a->address >> 24 == 127 || vt_streq(a->ifname, plan->bridge))
            continue;
        if (best && !vt_streq(a->ifname, best->ifname))
            continue;
        plan->container = a->address;
        memcpy(plan->uplink, a->ifname, sizeof(plan->uplink));
    }
    if (plan->uplink[0] == '\0' && best)
        memcpy(plan->uplink, best->ifname, sizeof(plan->uplink));
}

/*
 * What Docker takes networks from, unless it is told otherwise (daemon/libnetwork/ipamutils of
 * moby); it passes over what overlaps a name server or a route of scope link of its machine.
 */
static const struct vt_net_on_link docker_pools[] = {
    {IP(172, 16, 0, 0), 12},
    {IP(192, 168, 0, 0), 16},
};

static bool is_in_docker_pools(const struct vt_route *r)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(docker_pools); i++) {
        if (overlap(docker_pools[i].network, docker_pools[i].prefix, r->network, r->prefix))
            return true;
    }
    return false;
}

static bool is_on_link(const struct vt_net_plan *plan, const struct vt_route *r)
{
    for (size_t i = 0; i < plan->on_link_count; i++) {
        if (plan->on_link[i].network == r->network && plan->on_link[i].prefix == r->prefix)
            return true;
    }
    return false;
}

/* The networks from whose addresses the guest has clients, and which Docker in it must not make
 * again: the guest would take their answers for its own containers'. */
static void choose_on_link(const struct vt_net_view *view, struct vt_net_plan *plan)
{
    for (size_t i = 0; i < view->route_count && plan->on_link_count < VT_NET_ON_LINK_MAX; i++) {
        const struct vt_route *r = &view->routes[i];

        if (!r->on_link || r->prefix < SHORTEST_PREFIX || vt_streq(r->ifname, plan->bridge) ||
            !is_in_docker_pools(r) || is_on_link(plan, r))
            continue;
        plan->on_link[plan->on_link_count++] =
            (struct vt_net_on_link){.network = r->network, .prefix = r->prefix};
    }
}

static void choose_mtu(const struct vt_net_view *view, struct vt_net_plan *plan)
{
    const struct vt_link *link = find_link(view, plan->uplink);

    plan->mtu = link && link->mtu > 0 ? link->mtu : 1500;
    if (plan->mtu > MAX_MTU)
        plan->mtu = MAX_MTU;
}

int vt_net_plan_make(const struct vt_config *config, const struct vt_net_view *view,
                     const char *mac, struct vt_net_plan *ret, struct vt_error *err)
{
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    int r = choose_bridge(view, &plan, err);

    if (r == 0)
        r = choose_subnet(config, view, &plan, err);
    if (r < 0)
        return r;
    plan.ports = config->ports;
    plan.allow_from = config->allow_from;
    plan.ssh_rate = config->ssh_rate;
    plan.search = vt_strdup(view->search);
    (void)snprintf(plan.mac, sizeof(plan.mac), "%s", mac);
    vt_mac_of_bridge(mac, plan.bridge_mac);
    choose_on_link(view, &plan);
    vt_net_plan_uplink(view, &plan);
    choose_mtu(view, &plan);
    *ret = plan;
    plan.reason = NULL;
    plan.search = NULL;
    return 0;
}

void vt_net_plan_of_lan(struct vt_lan *lan, struct vt_net_plan *ret)
{
    const struct vt_lan_port *port = &lan->ports[lan->first];

    *ret = (struct vt_net_plan){
        .lan = lan,
        .gateway = port->here,
        .guest = port->guest,
        .container = port->guest,
        .mtu = port->mtu,
    };
    ret->has_ip6 = vt_lan_serves6(port);
    ret->container6 = ret->guest6 = port->guest6;
    memcpy(ret->bridge, port->bridge, sizeof(ret->bridge));
    memcpy(ret->bridge_mac, port->bridge_mac, sizeof(ret->bridge_mac));
    memcpy(ret->mac, port->mac, sizeof(ret->mac));
    memcpy(ret->uplink, port->uplink, sizeof(ret->uplink));
}

void vt_net_plan_done(struct vt_net_plan *plan)
{
    vt_lan_free(plan->lan);
    plan->lan = NULL;
    free(plan->reason);
    plan->reason = NULL;
    free(plan->search);
    plan->search = NULL;
}
