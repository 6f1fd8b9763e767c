/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's network in libvirt, so that the domain names it and `virsh net-list` shows it. */
#pragma once

#include <libvirt/libvirt.h>

#include "net/plan.h"

/*
 * Make the network VT_NETWORK_NAME exist and be active on plan->bridge; one that is there and the
 * same is kept, another of that name is replaced. It is transient; libvirtd finds it again after
 * its own restart. Needs vt_bridge_make().
 */
int vt_network_start(virConnectPtr conn, const struct vt_net_plan *plan,
                     struct vt_error *err) VT_MUST_CHECK;
