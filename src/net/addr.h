/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the container's network looks like before we touch it: links, addresses and routes by
 * rtnetlink, name servers from resolv.conf. Plain arrays, so that the plan made from them can be
 * tested without a network.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The group (IFLA_GROUP) by which a bridge is known to be a virtainer's: unlike an alias, the
 * kernel gives it with the making, so a kill at any moment leaves no bridge that nobody knows. */
#define VT_NET_GROUP 0x76697274U
/* Room for "52:54:00:12:34:56". */
#define VT_MAC_TEXT 18

struct vt_link {
    char name[IFNAMSIZ];
    int index;
    unsigned mtu;
    int master;            /* index of the bridge it is a port of, 0 for none */
    bool ours;             /* of VT_NET_GROUP */
    bool up;               /* by whoever made it */
    bool ethernet;         /* has Ethernet's frames and addresses */
    char mac[VT_MAC_TEXT]; /* of an Ethernet one */
    char kind[16];         /* "veth", "macvlan", "ipvlan", …; "" for hardware */
    char alias[256];       /* IFLA_IFALIAS, IFALIASZ in linux/if.h */
};

struct vt_address {
    char ifname[IFNAMSIZ];
    uint32_t address; /* host order */
    unsigned prefix;
    bool global; /* scope: neither host nor link */
    bool peer;   /* has one, which is not kept: the network is the peer's, and @prefix 32 */
};

struct vt_route {
    char ifname[IFNAMSIZ]; /* "" when the route names none (multipath, blackhole) */
    uint32_t network;      /* host order */
    unsigned prefix;
    uint32_t gateway; /* host order; 0: the network is on the link */
    uint32_t source;  /* of what the container itself sends by it, host order; 0: any */
    unsigned metric;
    unsigned mtu; /* 0: that of the interface */
    bool onlink;  /* the gateway is taken to be on the link, whatever the routes say */
    bool is_default;
    bool on_link;          /* what it leads to is on the interface's own network (no gateway) */
    bool given;            /* by somebody, not by the kernel, and this is all of it */
    char unkept[IFNAMSIZ]; /* the interface that it goes with where only a router knows how to make
                              it again: one of several gateways, or of another family, of another
                              table, with a type of service, an encapsulation or for some senders
                              only; else "" */
};

/* A global IPv6 address. */
struct vt_address6 {
    char ifname[IFNAMSIZ];
    struct in6_addr address;
    unsigned prefix;
    bool permanent; /* given by somebody, not learned from a router */
    bool peer;      /* as above; 128 */
};

struct vt_route6 {
    struct in6_addr network;
    unsigned prefix;         /* 0: a default route… */
    struct in6_addr gateway; /* …and by whom; zeroes: by nobody */
    struct in6_addr source;  /* as above, as are the following; zeroes: any */
    unsigned metric;
    unsigned mtu;
    bool onlink;
    bool given;            /* nor by a router's advertisement */
    char ifname[IFNAMSIZ]; /* "" when the route names none */
    char unkept[IFNAMSIZ];
};

struct vt_net_view {
    struct vt_link *links;
    size_t link_count;
    struct vt_address *addresses;
    size_t address_count;
    struct vt_route *routes; /* all tables but the local one, unordered */
    size_t route_count;
    uint32_t *servers; /* IPv4 name servers, host order, without loopback ones */
    size_t server_count;
    char *search; /* domains to search names in, with blanks between them; NULL: none */
    struct vt_address6 *addresses6;
    size_t address6_count;
    struct vt_route6 *routes6; /* all tables but the local one, unordered */
    size_t route6_count;
};

#define VT_NET_VIEW_INIT \
    {                    \
        .links = NULL    \
    }
#define VT_AUTO_NET_VIEW VT_CLEANUP(vt_net_view_done)

/* Read the network of this process's namespace; @ret is untouched on failure. */
int vt_net_view_read(struct vt_net_view *ret, struct vt_error *err) VT_MUST_CHECK;
void vt_net_view_done(struct vt_net_view *view);

/* Append a copy of one entry; for the reader, and for tests that make a view by hand. */
void vt_net_view_add_link(struct vt_net_view *view, const struct vt_link *link);
void vt_net_view_add_address(struct vt_net_view *view, const struct vt_address *address);
void vt_net_view_add_route(struct vt_net_view *view, const struct vt_route *route);
void vt_net_view_add_address6(struct vt_net_view *view, const struct vt_address6 *address);
void vt_net_view_add_route6(struct vt_net_view *view, const struct vt_route6 *route);
/* Append the name servers of a resolv.conf whose content is @text, and take its search list. */
void vt_net_view_add_resolv_conf(struct vt_net_view *view, const char *text);

/* The netmask of @prefix bits. */
static inline uint32_t vt_netmask(unsigned prefix)
{
    return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

/* Room for "255.255.255.255/32". */
#define VT_IP_TEXT 19
struct vt_ip_text {
    char s[VT_IP_TEXT];
};

/* @address (host order) as "a.b.c.d", to be used in the expression it is called in. */
struct vt_ip_text vt_ip_text(uint32_t address);
/* The same with "/@prefix". */
struct vt_ip_text vt_net_text(uint32_t network, unsigned prefix);

/* Room for any IPv6 address. */
struct vt_ip6_text {
    char s[INET6_ADDRSTRLEN];
};

/* @address as inet_ntop() writes it, to be used in the expression it is called in. */
struct vt_ip6_text vt_ip6_text(const struct in6_addr *address);
