/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vt_net_check() looks at, for its tests alone. */
#pragma once

#include "net/check.h"

struct vt_net_check_paths {
    const char *status;     /* /proc/self/status */
    const char *host_only;  /* a file that exists in the host's own network namespace only */
    const char *tun;        /* /dev/net/tun */
    const char *ip_forward; /* /proc/sys/net/ipv4/ip_forward; NULL: nothing is forwarded */
};

int vt_net_check_own_at(const char *host_only, struct vt_error *err) VT_MUST_CHECK;
int vt_net_check_at(const struct vt_net_check_paths *paths, struct vt_error *err) VT_MUST_CHECK;
