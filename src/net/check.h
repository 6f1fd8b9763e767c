/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this container may have a guest network at all, asked before anything is touched. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Whether the container has a network of its own, NET_ADMIN, a usable /dev/net/tun (made if it is
 * missing and may be made) and, if it @forwards, IPv4 forwarding (switched on if it may be). Each
 * error names the flag to add. That the kernel has bridges and nftables is found by
 * vt_bridge_make() and vt_nat_apply(), which leave nothing behind when they fail.
 */
int vt_net_check(bool forwards, struct vt_error *err) VT_MUST_CHECK;

/* Of these, only whether the container has a network of its own. */
int vt_net_check_own(struct vt_error *err) VT_MUST_CHECK;
