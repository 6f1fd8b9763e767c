/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bridge, subnet and addresses the guest gets, decided from the configuration and the
 * container's network. Pure: nothing is asked of or changed in the system. Everything else in this
 * room carries a plan out.
 */
#pragma once

#include "config/config.h"
#include "net/addr.h"
#include "net/lan.h"

/* libvirt's name of the guest's network. */
#define VT_NETWORK_NAME "virtualnet"
/* The prefix length of the guest's subnet. */
#define VT_NET_PREFIX 24U
/* That of its IPv6 subnet, which stateless autoconfiguration wants. */
#define VT_NET_PREFIX6 64U

/* More of the container's networks than this are not told to the guest: all go into one DHCP
 * option of 255 bytes. */
#define VT_NET_ON_LINK_MAX 16

struct vt_net_on_link {
    uint32_t network;
    unsigned prefix;
};

struct vt_net_plan {
    char bridge[IFNAMSIZ];
    bool replace;          /* a bridge of that name is left from an earlier run: remove it first */
    char mac[VT_MAC_TEXT]; /* the guest's */
    char bridge_mac[VT_MAC_TEXT]; /* follows from it, so that a restored guest still knows its
                                     gateway */
    uint32_t subnet;              /* host order, as all addresses here */
    uint32_t gateway;             /* the bridge's: .1 */
    uint32_t guest;               /* .100 */
    char *search;                 /* domains for names without a dot, as in the view; or NULL */
    struct vt_sources allow_from; /* the same of these */
    struct vt_rate ssh_rate;
    struct vt_ports ports; /* the configuration's, to which the list belongs */
    unsigned mtu;          /* of the container's way out; 1500 where there is none */
    /* Networks of the container that Docker in the guest would take for its own, if it did not see
     * them among the guest's. */
    struct vt_net_on_link on_link[VT_NET_ON_LINK_MAX];
    size_t on_link_count;
    uint32_t container;    /* the address to print for people; 0 if there is none */
    char uplink[IFNAMSIZ]; /* the interface it is on; "" if there is none */
    bool user; /* the guest is behind passt (net/user.h), and there is neither bridge nor subnet */
    struct vt_lan *lan; /* NETWORK=bridge: what the guest gets, and instead of a subnet the above of
                           its first port; owned. NULL: another */
    bool moved;         /* subnet is not the one that was asked for… */
    uint32_t wanted;    /* …which is this one… */
    char *reason;       /* …because of this: "route 192.168.0.0/16 of eth0"; NULL unless moved */
    bool has_ip6;       /* the guest has IPv6 too, in a subnet of VT_NET_PREFIX6… */
    struct in6_addr gateway6; /* …where this is the bridge's address, ::1… */
    struct in6_addr guest6;   /* …and this the guest's: the one that it makes itself of its MAC */
    struct in6_addr container6; /* the address to print for people, if has_ip6 */
    bool no_transit6;           /* the container forwards IPv6 for the guest's sake only */
};

#define VT_AUTO_NET_PLAN VT_CLEANUP(vt_net_plan_done)

/*
 * Decide. The guest's subnet is config->cidr, unless that overlaps a route, an address or a name
 * server of the container: then it is moved to one that does not, also when the person chose it,
 * and says so (moved, wanted, reason). @mac is the guest's, as vt_mac_load() gives it.
 *
 * Returns -EBUSY when another virtainer runs in this network namespace, -EADDRNOTAVAIL when no
 * subnet is free; @ret is then untouched.
 */
int vt_net_plan_make(const struct vt_config *config, const struct vt_net_view *view,
                     const char *mac, struct vt_net_plan *ret, struct vt_error *err) VT_MUST_CHECK;
/*
 * Add IPv6 to a plan: a /64 of the unique local addresses (RFC 4193), made of the guest's MAC and
 * so the same after every start, that overlaps no address or route of @view.
 */
void vt_net_plan_add_ip6(const struct vt_net_view *view, struct vt_net_plan *plan);

/* Only fill in plan->uplink and plan->container: the interface of the best default route, else the
 * first that has a global address. */
void vt_net_plan_uplink(const struct vt_net_view *view, struct vt_net_plan *plan);

/* NETWORK=bridge: the plan that says of @lan (taken over) what the others say of themselves. */
void vt_net_plan_of_lan(struct vt_lan *lan, struct vt_net_plan *ret);

void vt_net_plan_done(struct vt_net_plan *plan);
