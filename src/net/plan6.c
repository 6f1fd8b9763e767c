/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/ether.h>

#include "net/plan.h"

/* Routes shorter than this (fc00::/7, fd00::/8) are somebody's way to all of a company. */
#define SHORTEST_PREFIX 16U

static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
    unsigned bytes = bits / 8;
    unsigned mask = 0xff00U >> bits % 8 & 0xffU;

    return memcmp(a->s6_addr, b->s6_addr, bytes) == 0 &&
           (mask == 0 || ((a->s6_addr[bytes] ^ b->s6_addr[bytes]) & mask) == 0);
}

/* Whether the network lies in the /64 of @gateway, or that in it. */
static bool overlaps(const struct in6_addr *gateway, const struct in6_addr *network,
                     unsigned prefix)
{
    return same_bits(gateway, network, prefix < VT_NET_PREFIX6 ? prefix : VT_NET_PREFIX6);
}

static bool is_taken(const struct vt_net_view *view, const struct vt_net_plan *plan)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        const struct vt_address6 *a = &view->addresses6[i];

        if (!vt_streq(a->ifname, plan->bridge) &&
            overlaps(&plan->gateway6, &a->address, VT_NET_PREFIX6))
            return true;
    }
    for (size_t i = 0; i < view->route6_count; i++) {
        const struct vt_route6 *r = &view->routes6[i];

        if (r->prefix >= SHORTEST_PREFIX && !vt_streq(r->ifname, plan->bridge) &&
            overlaps(&plan->gateway6, &r->network, r->prefix))
            return true;
    }
    return false;
}

/* The address to print: of the uplink if it has one, else the first. */
static void choose_container(const struct vt_net_view *view, struct vt_net_plan *plan)
{
    bool found = false;

    for (size_t i = 0; i < view->address6_count; i++) {
        const struct vt_address6 *a = &view->addresses6[i];
        bool on_uplink = vt_streq(a->ifname, plan->uplink);

        if (vt_streq(a->ifname, plan->bridge) || (found && !on_uplink))
            continue;
        plan->container6 = a->address;
        found = true;
        if (on_uplink)
            return;
    }
}

void vt_net_plan_add_ip6(const struct vt_net_view *view, struct vt_net_plan *plan)
{
    struct ether_addr mac = {{0}};
    const uint8_t *m = mac.ether_addr_octet;

    (void)ether_aton_r(plan->mac, &mac);
    plan->has_ip6 = true;
    plan->gateway6 =
        (struct in6_addr){.s6_addr = {0xfd, m[1], m[2], m[3], m[4], m[5], 0, 0, [15] = 1}};
    while (is_taken(view, plan) && ++plan->gateway6.s6_addr[7] != 0)
        ;
    plan->guest6 = plan->gateway6;
    /* RFC 4291, appendix A */
    memcpy(plan->guest6.s6_addr + 8,
           (uint8_t[]){m[0] ^ 2U, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}, 8);
    choose_container(view, plan);
}
