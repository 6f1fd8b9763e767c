/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the guest can have IPv6: where the container has none, nothing is lacking. */
#pragma once

#include "net/addr.h"

/*
 * Whether the guest gets IPv6: the container has a global address of @view, may use raw sockets
 * (router advertisements), and IPv6 packets are forwarded, which is switched on if it may be; what
 * an interface has learned from router advertisements it goes on learning. *@ret_switched is
 * whether it was, and untouched where the container has no IPv6. If not, *@ret_why is
 * what a person is told, with the flags to add, owned by the caller: NULL where the container has
 * no IPv6 either.
 */
bool vt_ip6_can_forward(const struct vt_net_view *view, bool *ret_switched,
                        char **ret_why) VT_MUST_CHECK;

/*
 * What the container lacks for advertising itself as a router, as flags, each after a space; "" if
 * nothing. IPv6 for new interfaces is switched on where it may be. Owned by the caller.
 */
char *vt_ip6_lacking(void);
