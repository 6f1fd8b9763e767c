/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interface of the container had before the guest took it, kept as its alias, so that it
 * can have it back: in the kernel the record is where it is needed, and lives as long. Pure.
 *
 * After VT_LAN_RECORD its MAC, then what it had, with blanks between: addresses as
 * "172.17.0.2/16", routes as "10.5.0.0/16>172.17.0.3", with "%" and the metric where that is not
 * the kernel's usual one, "@" and the address that the container sends with, "~" and the MTU, and
 * "!" for onlink, in that order; and without a gateway where the network is on the link.
 */
#pragma once

#include "net/addr.h"

#define VT_LAN_RECORD "virtainer-lan "
/* IFALIASZ in linux/if.h, with the NUL. */
#define VT_LAN_RECORD_SIZE 256U

struct vt_lan_record {
    char mac[VT_MAC_TEXT];
    struct vt_net_view had; /* only addresses and routes, in their order */
};

#define VT_LAN_RECORD_INIT       \
    {                            \
        .had = VT_NET_VIEW_INIT, \
    }
#define VT_AUTO_LAN_RECORD VT_CLEANUP(vt_lan_record_done)

/*
 * The alias of @ifname with @mac, of which @view shows what somebody gave it; owned by the caller.
 * *@ret_left counts what it has no room for, or no words: that is left out, but for an address with
 * a peer, which then has none.
 */
char *vt_lan_record_text(const struct vt_net_view *view, const char *ifname, const char *mac,
                         unsigned *ret_left);

/* Whether @alias is one, of @ifname; it is then in *@ret, see vt_lan_record_done(). */
bool vt_lan_record_parse(const char *alias, const char *ifname,
                         struct vt_lan_record *ret) VT_MUST_CHECK;
void vt_lan_record_done(struct vt_lan_record *record);
