/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/arp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "net/frames.h"

/* An Ethernet frame with ARP in it. */
struct frame {
    struct ether_header ether;
    struct ether_arp arp;
} __attribute__((packed));

static_assert(sizeof(struct frame) == 42, "nothing between the fields");

/* Frames have no fewer bytes (IEEE 802.3, without the check sum). */

/* What is no address of a host: those of "this network", loopback, link-local ones, which nobody
 * gives (the container's own here is one), multicast and what is behind it. */
static const struct {
    uint32_t mask, network;
} nobodys[] = {
    {0xff000000U, 0x00000000U},
    {0xff000000U, 0x7f000000U},
    {0xffff0000U, 0xa9fe0000U},
    {0xe0000000U, 0xe0000000U},
};

void vt_arp_filter(const struct ether_addr *mac, enum vt_arp_heed heed, uint32_t address,
                   struct vt_filter *ret)
{
    if (heed == VT_ARP_NONE) {
        *ret = (struct vt_filter)VT_FILTER_NONE;
        return;
    }
    vt_filter_begin(ret, ETHERTYPE_ARP, mac, sizeof(struct frame));
    vt_filter_load(ret, BPF_W, offsetof(struct frame, arp.arp_hrd));
    vt_filter_require(ret, (uint32_t)ARPHRD_ETHER << 16 | ETHERTYPE_IP);
    vt_filter_load(ret, BPF_H, offsetof(struct frame, arp.arp_hln));
    vt_filter_require(ret, ETH_ALEN << 8 | sizeof(uint32_t));
    vt_filter_require_mac(ret, offsetof(struct frame, arp.arp_sha), mac);
    for (size_t i = 0; i < VT_ARRAY_SIZE(nobodys); i++) {
        vt_filter_load(ret, BPF_W, offsetof(struct frame, arp.arp_spa));
        vt_filter_add(ret, BPF_ALU | BPF_AND | BPF_K, nobodys[i].mask);
        vt_filter_refuse(ret, nobodys[i].network);
    }
    vt_filter_load(ret, BPF_W, offsetof(struct frame, arp.arp_spa));
    if (heed == VT_ARP_ONLY)
        vt_filter_require(ret, address);
    else
        vt_filter_refuse(ret, address);
    vt_filter_end(ret);
}

bool vt_arp_is_hosts(uint32_t address)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(nobodys); i++) {
        if ((address & nobodys[i].mask) == nobodys[i].network)
            return false;
    }
    return true;
}

uint32_t vt_arp_parse(const void *frame, size_t size, const struct ether_addr *mac)
{
    struct frame f;
    uint32_t address;

    if (size < sizeof(f))
        return 0;
    memcpy(&f, frame, sizeof(f));
    if (f.ether.ether_type != htons(ETHERTYPE_ARP) || f.arp.arp_hrd != htons(ARPHRD_ETHER) ||
        f.arp.arp_pro != htons(ETHERTYPE_IP) || f.arp.arp_hln != ETH_ALEN ||
        f.arp.arp_pln != sizeof(address) || memcmp(f.ether.ether_shost, mac, ETH_ALEN) != 0 ||
        memcmp(f.arp.arp_sha, mac, ETH_ALEN) != 0)
        return 0;
    memcpy(&address, f.arp.arp_spa, sizeof(address));
    address = ntohl(address);
    return vt_arp_is_hosts(address) ? address : 0;
}

int vt_arp_listen(const char *bridge, const struct ether_addr *mac, uint32_t known,
                  struct vt_error *err)
{
    struct vt_filter filter;

    vt_arp_filter(mac, VT_ARP_ALL_BUT, known, &filter);
    return vt_frames_listen(bridge, ETHERTYPE_ARP, &filter, err);
}

void vt_arp_heed(int fd, const struct ether_addr *mac, enum vt_arp_heed heed, uint32_t address)
{
    struct vt_filter filter;

    vt_arp_filter(mac, heed, address, &filter);
    vt_frames_heed(fd, &filter);
}

int vt_arp_read(int fd, const struct ether_addr *mac, uint32_t *ret)
{
    struct frame frame;
    ssize_t n = recv(fd, &frame, sizeof(frame), 0);

    if (n < 0)
        return -errno;
    *ret = vt_arp_parse(&frame, (size_t)n, mac);
    return 0;
}

void vt_arp_request(const struct ether_addr *asker, uint32_t here, uint32_t address,
                    uint8_t ret[VT_ARP_FRAME])
{
    struct frame f = {.arp = {.arp_pln = sizeof(address)}};
    uint32_t asking = htonl(here), wanted = htonl(address);

    memset(f.ether.ether_dhost, 0xff, ETH_ALEN);
    memcpy(f.ether.ether_shost, asker, ETH_ALEN);
    f.ether.ether_type = htons(ETHERTYPE_ARP);
    f.arp.arp_hrd = htons(ARPHRD_ETHER);
    f.arp.arp_pro = htons(ETHERTYPE_IP);
    f.arp.arp_hln = ETH_ALEN;
    f.arp.arp_op = htons(ARPOP_REQUEST);
    memcpy(f.arp.arp_sha, asker, ETH_ALEN);
    memcpy(f.arp.arp_spa, &asking, sizeof(asking));
    memcpy(f.arp.arp_tpa, &wanted, sizeof(wanted));
    memset(ret, 0, VT_ARP_FRAME);
    memcpy(ret, &f, sizeof(f));
}

void vt_arp_ask(int fd, const struct ether_addr *bridge_mac, uint32_t here, uint32_t address)
{
    uint8_t frame[VT_ARP_FRAME];

    vt_arp_request(bridge_mac, here, address, frame);
    (void)!send(fd, frame, sizeof(frame), 0);
}
