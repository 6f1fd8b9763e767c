/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's IPv4 address is, by the guest's own word: in each ARP frame that it sends (RFC
 * 826) it says it. So it is known where somebody else gave it. The guest may say anything; nothing
 * with another MAC than its own counts, nor what no host can have for its address.
 */
#pragma once

#include <net/ethernet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vt_filter;

/* Of the guest's frames the kernel hands on… */
enum vt_arp_heed {
    VT_ARP_NONE,    /* …none… */
    VT_ARP_ONLY,    /* …those that say this address… */
    VT_ARP_ALL_BUT, /* …those that say another. */
};

/* The filter for those frames of the guest with @mac. Pure. */
void vt_arp_filter(const struct ether_addr *mac, enum vt_arp_heed heed, uint32_t address,
                   struct vt_filter *ret);

/* Whether a host can have @address (host order, as all here). Pure. */
bool vt_arp_is_hosts(uint32_t address);

/* The address that the @size bytes of an Ethernet frame from the guest with @mac say, or 0: they
 * say none. Pure. */
uint32_t vt_arp_parse(const void *frame, size_t size, const struct ether_addr *mac);

/*
 * A descriptor that is readable when the guest with @mac has said an address other than @known (0:
 * any) at @bridge, owned by the caller; or a negative errno. It needs NET_RAW.
 */
int vt_arp_listen(const char *bridge, const struct ether_addr *mac, uint32_t known,
                  struct vt_error *err) VT_MUST_CHECK;

/* From here on only such frames come to @fd; others that came before are still there to be read. */
void vt_arp_heed(int fd, const struct ether_addr *mac, enum vt_arp_heed heed, uint32_t address);

/* Read one frame: *@ret is the address that it says, or 0. Returns 0 or a negative errno: -EAGAIN
 * if there is none. */
int vt_arp_read(int fd, const struct ether_addr *mac, uint32_t *ret) VT_MUST_CHECK;

/* The least that a frame of Ethernet has. */
#define VT_ARP_FRAME 60
/* The frame in which who has the MAC @asker and the address @here asks who has @address. Pure. */
void vt_arp_request(const struct ether_addr *asker, uint32_t here, uint32_t address,
                    uint8_t ret[VT_ARP_FRAME]);

/*
 * Ask the guest whether it has @address, for the bridge that has @bridge_mac and @here. Never
 * without that: a system that is just trying the address would take it for somebody else's try
 * (RFC 5227, 2.1.1).
 */
void vt_arp_ask(int fd, const struct ether_addr *bridge_mac, uint32_t here, uint32_t address);
