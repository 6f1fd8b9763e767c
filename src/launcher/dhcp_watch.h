/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq is started again when it ends, which the guest hardly notices: it has its address. */
#pragma once

#include <sys/types.h>

#include "net/plan.h"

/* From here on the loop watches over dnsmasq, which runs as @pid for @plan; once in the process. */
void vt_dhcp_watch(const struct vt_net_plan *plan, pid_t pid);
