/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bridges of NETWORK=nat and NETWORK=bridge share. Private to this room. */
#pragma once

#include "net/netlink.h"

/* Why @bridge cannot be made, where the kernel says @code (a negative errno). Returns that. */
int vt_bridge_error(int code, const char *bridge, struct vt_error *err);

/*
 * Who calls while the guest is started makes the kernel ask for its hardware address, which nobody
 * answers yet; by default it asks again a second later, which a resumed guest would seem to need to
 * answer. And nobody else answers the guest for others, so that need not wait for some tenths of a
 * second. Nothing else depends on it.
 */
void vt_bridge_ask_again_soon(struct vt_netlink *netlink, const char *bridge);
