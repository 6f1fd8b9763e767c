/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsmasq on the guest's bridge: one address for one MAC, for ever, and the container's own
 * resolver (Docker's at 127.0.0.11 too) and /etc/hosts as the guest's name server. It is our child
 * and not libvirt's; see net/bridge.h.
 */
#pragma once

#include <sys/types.h>

#include "net/plan.h"

/* Where dnsmasq writes what it does; what stops it from starting it says on standard error. */
#define VT_DHCP_LOG "/run/virtainer-dnsmasq.log"

/* dnsmasq's arguments, ended by NULL; pure. Owned by the caller, who frees each and the array, or:
 * vt_strv_freep. */
char **vt_dhcp_argv(const struct vt_net_plan *plan);

static inline void vt_strv_freep(char ***strv)
{
    for (char **s = *strv; s && *s; s++)
        free(*s);
    free(*strv);
    *strv = NULL;
}

/*
 * Start dnsmasq on plan->bridge, which must exist. Returns its process id, or a negative errno. It
 * stays a child to be watched: when it ends before the guest does, start it again. It keeps no
 * state that would be lost.
 */
pid_t vt_dhcp_start(const struct vt_net_plan *plan, struct vt_error *err) VT_MUST_CHECK;
