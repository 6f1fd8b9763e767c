/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vt_ip6_can_forward() with another tree than /proc/sys/net/ipv6/conf, for its tests alone. */
#pragma once

#include "net/ip6.h"

bool vt_ip6_can_forward_at(const char *conf, uint64_t caps, const struct vt_net_view *view,
                           bool *ret_switched, char **ret_why) VT_MUST_CHECK;
char *vt_ip6_lacking_at(const char *conf, uint64_t caps);
