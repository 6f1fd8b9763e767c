/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/lease.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "net/arp.h"
#include "net/frames.h"

#define SERVER_PORT 67
#define CLIENT_PORT 68
/* A message has hardly more: RFC 2131 has 576 for what everybody must take. */
#define FRAME_MAX 1514

/* RFC 2131, figure 1, up to the options; RFC 2132 has these. */
struct message {
    uint8_t op, htype, hlen, hops;
    uint8_t xid[4], secs[2], flags[2];
    uint8_t ciaddr[4], yiaddr[4], siaddr[4], giaddr[4];
    uint8_t chaddr[16], sname[64], file[128];
    uint8_t cookie[4];
};

static_assert(sizeof(struct message) == 240, "nothing between the fields");

#define OP_REQUEST       1
#define OPTION_PAD       0
#define OPTION_ADDRESS   50
#define OPTION_TYPE      53
#define OPTION_END       255
#define TYPE_DHCPREQUEST 3

static const uint8_t cookie[] = {99, 130, 83, 99};

/* ---- in the kernel ---- */

void vt_lease_filter(const struct ether_addr *mac, struct vt_filter *ret)
{
    const uint32_t ip = sizeof(struct ether_header);

    vt_filter_begin(ret, ETHERTYPE_IP, mac,
                    ip + sizeof(struct iphdr) + sizeof(struct udphdr) + sizeof(struct message));
    vt_filter_load(ret, BPF_B, ip + offsetof(struct iphdr, protocol));
    vt_filter_require(ret, IPPROTO_UDP);
    vt_filter_load(ret, BPF_H, ip + offsetof(struct iphdr, frag_off));
    vt_filter_add(ret, BPF_ALU | BPF_AND | BPF_K, IP_MF | IP_OFFMASK);
    vt_filter_require(ret, 0);
    /* From here on behind the IP header, whatever its size. */
    vt_filter_add(ret, BPF_LDX | BPF_MSH | BPF_B, ip);
    vt_filter_add(ret, BPF_LD | BPF_IND, ip);
    vt_filter_require(ret, CLIENT_PORT << 16 | SERVER_PORT);
    vt_filter_end(ret);
}

/* ---- frames ---- */

/* A view of the bytes that are left. */
struct rest {
    const uint8_t *at;
    size_t size;
};

/* Take the next @size bytes, or none: NULL. */
static const uint8_t *take(struct rest *rest, size_t size)
{
    const uint8_t *at = rest->at;

    if (size > rest->size)
        return NULL;
    rest->at += size;
    rest->size -= size;
    return at;
}

/* Pass over the headers of Ethernet, IP and UDP. */
static bool enter(struct rest *rest, const struct ether_addr *mac)
{
    const uint8_t *ether = take(rest, sizeof(struct ether_header));
    const uint8_t *ip = take(rest, sizeof(struct iphdr));
    const uint8_t *udp;
    static const uint8_t ports[] = {0, CLIENT_PORT, 0, SERVER_PORT};

    if (!ip || memcmp(ether + offsetof(struct ether_header, ether_shost), mac, ETH_ALEN) != 0 ||
        ether[12] != ETHERTYPE_IP >> 8 || ether[13] != (ETHERTYPE_IP & 0xff) || (ip[0] & 15) < 5 ||
        ip[offsetof(struct iphdr, protocol)] != IPPROTO_UDP || (ip[6] & 0x3f) != 0 || ip[7] != 0 ||
        !take(rest, (size_t)(ip[0] & 15) * 4 - sizeof(struct iphdr)))
        return false;
    udp = take(rest, sizeof(struct udphdr));
    return udp && memcmp(udp, ports, sizeof(ports)) == 0;
}

static uint32_t number(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

struct options {
    uint8_t type;
    uint32_t address;
};

static struct options read_options(struct rest *rest)
{
    struct options options = {0, 0};

    for (const uint8_t *code = take(rest, 1); code && *code != OPTION_END; code = take(rest, 1)) {
        const uint8_t *size = *code == OPTION_PAD ? NULL : take(rest, 1);
        const uint8_t *value = size ? take(rest, *size) : NULL;

        if (value && *code == OPTION_TYPE && *size == 1)
            options.type = *value;
        if (value && *code == OPTION_ADDRESS && *size == sizeof(uint32_t))
            options.address = number(value);
    }
    return options;
}

uint32_t vt_lease_parse(const void *frame, size_t size, const struct ether_addr *mac)
{
    struct rest rest = {frame, size};
    const uint8_t *bytes = enter(&rest, mac) ? take(&rest, sizeof(struct message)) : NULL;
    struct message message;
    struct options options;
    uint32_t address;

    if (!bytes)
        return 0;
    memcpy(&message, bytes, sizeof(message));
    if (message.op != OP_REQUEST || message.hlen != ETH_ALEN ||
        memcmp(message.chaddr, mac, ETH_ALEN) != 0 ||
        memcmp(message.cookie, cookie, sizeof(cookie)) != 0)
        return 0;
    options = read_options(&rest);
    if (options.type != TYPE_DHCPREQUEST)
        return 0;
    /* Who has one already, and wants to have it longer, says so there. */
    address = options.address ? options.address : number(message.ciaddr);
    return vt_arp_is_hosts(address) ? address : 0;
}

/* ---- the socket ---- */

int vt_lease_listen(const char *bridge, const struct ether_addr *mac, struct vt_error *err)
{
    struct vt_filter filter;

    vt_lease_filter(mac, &filter);
    return vt_frames_listen(bridge, ETHERTYPE_IP, &filter, err);
}

int vt_lease_read(int fd, const struct ether_addr *mac, uint32_t *ret)
{
    uint8_t frame[FRAME_MAX];
    ssize_t n = recv(fd, frame, sizeof(frame), 0);

    if (n < 0)
        return -errno;
    *ret = vt_lease_parse(frame, (size_t)n, mac);
    return 0;
}
