/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few frames of the guest's that the launcher wants to see, at the guest's bridge: a filter in
 * the kernel's own instructions (linux/filter.h), so that only those wake it, and the socket that
 * it is for. Of what comes by the bridge's other ports nothing gets here: the rules keep it
 * (lan_rules.c). Private to this room.
 */
#pragma once

#include <linux/filter.h>
#include <net/ethernet.h>
#include <stdint.h>

#include "base/error.h"

#define VT_FILTER_MAX 48

/* Frames of at least so many bytes that have passed each test so far. */
struct vt_filter {
    struct sock_filter code[VT_FILTER_MAX];
    unsigned short len;
};

/* Begin one for frames of this EtherType from @mac, of at least @size bytes, and outside of any
 * VLAN of the guest's, where the container is not. */
void vt_filter_begin(struct vt_filter *filter, uint16_t type, const struct ether_addr *mac,
                     uint32_t size);
/* One more instruction that is no jump. */
void vt_filter_add(struct vt_filter *filter, unsigned code, uint32_t k);
/* Load BPF_B, BPF_H or BPF_W at @offset of the frame. */
void vt_filter_load(struct vt_filter *filter, unsigned size, uint32_t offset);
/* What was loaded last must be @value, or must not. */
void vt_filter_require(struct vt_filter *filter, uint32_t value);
void vt_filter_refuse(struct vt_filter *filter, uint32_t value);
/* There is @mac at @offset. */
void vt_filter_require_mac(struct vt_filter *filter, uint32_t offset, const struct ether_addr *mac);
/* Nothing more is tested: let it pass. */
void vt_filter_end(struct vt_filter *filter);

/* One that lets nothing pass, and needs no end. */
#define VT_FILTER_NONE                                                  \
    {                                                                   \
        .code = {{.code = (uint16_t)BPF_RET | BPF_K, .k = 0}}, .len = 1 \
    }

/*
 * A descriptor that is readable when a frame of @type has come to @bridge and passed @filter, owned
 * by the caller; or a negative errno. It needs NET_RAW.
 */
int vt_frames_listen(const char *bridge, uint16_t type, const struct vt_filter *filter,
                     struct vt_error *err) VT_MUST_CHECK;

/* From here on @filter decides. What passed the one before is still there to be read. */
void vt_frames_heed(int fd, const struct vt_filter *filter);
