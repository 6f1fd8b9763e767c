/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which address a guest asks a DHCP server for, by its own request (RFC 2131, table 5): it is about
 * to have it, and may be silent when it does. Only a reason to ask for it by ARP (net/arp.h): no
 * more than that is made of the guest's word.
 */
#pragma once

#include <net/ethernet.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vt_filter;

/* The filter for what the guest with @mac says to DHCP servers. Pure. */
void vt_lease_filter(const struct ether_addr *mac, struct vt_filter *ret);

/* The address (host order) that the @size bytes of an Ethernet frame from the guest with @mac
 * request, or 0: they request none that a host can have. Pure. */
uint32_t vt_lease_parse(const void *frame, size_t size, const struct ether_addr *mac);

/* A descriptor that is readable when the guest with @mac has said such a thing at @bridge, owned by
 * the caller; or a negative errno. It needs NET_RAW. */
int vt_lease_listen(const char *bridge, const struct ether_addr *mac,
                    struct vt_error *err) VT_MUST_CHECK;

/* Read one frame: *@ret is the address that it requests, or 0. Returns 0 or a negative errno:
 * -EAGAIN if there is none. */
int vt_lease_read(int fd, const struct ether_addr *mac, uint32_t *ret) VT_MUST_CHECK;
