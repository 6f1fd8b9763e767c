/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/frames.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* All of a frame. */
#define WHOLE UINT16_MAX
/* A jump there; resolved when it is known where that is. */
#define REFUSE UINT8_MAX

static void add(struct vt_filter *filter, unsigned code, uint32_t k, uint8_t jt, uint8_t jf)
{
    assert(filter->len < VT_FILTER_MAX);
    filter->code[filter->len++] = (struct sock_filter){(uint16_t)code, jt, jf, k};
}

void vt_filter_add(struct vt_filter *filter, unsigned code, uint32_t k)
{
    add(filter, code, k, 0, 0);
}

void vt_filter_load(struct vt_filter *filter, unsigned size, uint32_t offset)
{
    add(filter, BPF_LD | BPF_ABS | size, offset, 0, 0);
}

void vt_filter_require(struct vt_filter *filter, uint32_t value)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, REFUSE);
}

void vt_filter_refuse(struct vt_filter *filter, uint32_t value)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, REFUSE, 0);
}

void vt_filter_require_mac(struct vt_filter *filter, uint32_t offset, const struct ether_addr *mac)
{
    const uint8_t *m = mac->ether_addr_octet;

    vt_filter_load(filter, BPF_W, offset);
    vt_filter_require(filter,
                      (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3]);
    vt_filter_load(filter, BPF_H, offset + 4);
    vt_filter_require(filter, (uint32_t)m[4] << 8 | m[5]);
}

void vt_filter_begin(struct vt_filter *filter, uint16_t type, const struct ether_addr *mac,
                     uint32_t size)
{
    filter->len = 0;
    vt_filter_add(filter, BPF_LD | BPF_LEN, 0);
    add(filter, BPF_JMP | BPF_JGE | BPF_K, size, 0, REFUSE);
    vt_filter_load(filter, BPF_B, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
    vt_filter_require(filter, 0);
    vt_filter_load(filter, BPF_H, offsetof(struct ether_header, ether_type));
    vt_filter_require(filter, type);
    vt_filter_require_mac(filter, offsetof(struct ether_header, ether_shost), mac);
}

void vt_filter_end(struct vt_filter *filter)
{
    vt_filter_add(filter, BPF_RET | BPF_K, WHOLE);
    for (unsigned short i = 0; i < filter->len; i++) {
        struct sock_filter *jump = &filter->code[i];
        uint8_t way = (uint8_t)(filter->len - i - 1);

        if (BPF_CLASS(jump->code) != BPF_JMP)
            continue;
        jump->jt = jump->jt == REFUSE ? way : 0;
        jump->jf = jump->jf == REFUSE ? way : 0;
    }
    vt_filter_add(filter, BPF_RET | BPF_K, 0);
}

static int attach(int fd, const struct vt_filter *filter)
{
    struct sock_filter code[VT_FILTER_MAX];
    const struct sock_fprog program = {filter->len, code};

    memcpy(code, filter->code, sizeof(code));
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* The filter first: it takes what comes from its binding on. */
int vt_frames_listen(const char *bridge, uint16_t type, const struct vt_filter *filter,
                     struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr_ll at = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(type),
        .sll_ifindex = (int)if_nametoindex(bridge),
    };

    /* With index 0 it would be all interfaces. */
    if (fd >= 0 && at.sll_ifindex == 0)
        errno = ENODEV;
    if (fd < 0 || at.sll_ifindex == 0 || attach(fd, filter) < 0 ||
        bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno,
                              "cannot listen for the guest's address at %s", bridge);
    return VT_TAKE_FD(fd);
}

/* Should it fail, too much comes, and is passed over by who reads it. */
void vt_frames_heed(int fd, const struct vt_filter *filter)
{
    (void)attach(fd, filter);
}
