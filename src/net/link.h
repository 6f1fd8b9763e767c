/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to one network interface by rtnetlink. Each returns 0 or the kernel's negative
 * errno. Private to this room.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/netlink.h"

/* Begin a request of @type about the link @name; @buffer has VT_NETLINK_REQUEST zeroes. */
struct nlmsghdr *vt_link_request(char *buffer, uint16_t type, uint16_t flags, const char *name);

/* Make the bridge @name, of VT_NET_GROUP, with @mac and @mtu: no spanning tree, no delay, no
 * multicast snooping. */
int vt_link_make_bridge(struct vt_netlink *netlink, const char *name, const char *mac,
                        unsigned mtu) VT_MUST_CHECK;
/* Remove it; that there is none is right, too. */
int vt_link_delete(struct vt_netlink *netlink, const char *name) VT_MUST_CHECK;
int vt_link_set_alias(struct vt_netlink *netlink, const char *name,
                      const char *alias) VT_MUST_CHECK;
int vt_link_set_mac(struct vt_netlink *netlink, const char *name, const char *mac) VT_MUST_CHECK;
/* Make it a port of the bridge @master. */
int vt_link_set_master(struct vt_netlink *netlink, const char *name,
                       const char *master) VT_MUST_CHECK;
/* One thing of a bridge's port: IFLA_BRPORT_…, of a byte. */
struct vt_link_port_option {
    uint16_t type;
    uint8_t value;
};
/* Set @count of them for the port @name. */
int vt_link_set_port(struct vt_netlink *netlink, const char *name,
                     const struct vt_link_port_option *options, size_t count) VT_MUST_CHECK;
int vt_link_up(struct vt_netlink *netlink, const char *name) VT_MUST_CHECK;
int vt_link_down(struct vt_netlink *netlink, const char *name) VT_MUST_CHECK;
/* Whether the kernel gives it a link-local IPv6 address. One without IPv6 refuses, and has none
 * anyway. */
void vt_link_own_ip6(struct vt_netlink *netlink, const char *name, bool own);

/* Addresses in host order. */
int vt_link_add_address(struct vt_netlink *netlink, const char *name, uint32_t address,
                        unsigned prefix) VT_MUST_CHECK;
/* One @address, whatever its prefix and its peer. */
int vt_link_delete_address(struct vt_netlink *netlink, const char *name,
                           uint32_t address) VT_MUST_CHECK;
/* Without looking whether somebody else has it. */
int vt_link_add_address6(struct vt_netlink *netlink, const char *name,
                         const struct in6_addr *address, unsigned prefix) VT_MUST_CHECK;
int vt_link_delete_address6(struct vt_netlink *netlink, const char *name,
                            const struct in6_addr *address, unsigned prefix) VT_MUST_CHECK;

/* Routes of the main table by route->ifname, in the place of one that leads there with the same
 * metric. */
int vt_link_add_route(struct vt_netlink *netlink, const struct vt_route *route) VT_MUST_CHECK;
/* The one to route->network, whoever its gateway is. That there is none is right, too. */
int vt_link_delete_route(struct vt_netlink *netlink, const struct vt_route *route) VT_MUST_CHECK;
int vt_link_add_route6(struct vt_netlink *netlink, const struct vt_route6 *route) VT_MUST_CHECK;
/* That there is none is right, too. */
int vt_link_delete_route6(struct vt_netlink *netlink, const struct vt_route6 *route) VT_MUST_CHECK;
