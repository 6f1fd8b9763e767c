/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/dhcp_watch.h"

#include "launcher/supervisor.h"
#include "net/dhcp.h"

static const struct vt_net_plan *plan_of_guest;

static pid_t start(void *data, struct vt_error *err)
{
    (void)data;
    return vt_dhcp_start(plan_of_guest, err);
}

void vt_dhcp_watch(const struct vt_net_plan *plan, pid_t pid)
{
    static struct vt_supervisor supervisor = {.name = "dnsmasq", .start = start};

    plan_of_guest = plan;
    vt_supervise(&supervisor, pid);
}
