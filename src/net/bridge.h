/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's bridge. It is made by us and not by libvirt's network driver, because that one writes
 * /proc/sys/net (ip_forward, the bridge's IPv6 settings) and fails where it cannot: in every
 * container that is not privileged. It also costs libvirt no start-up time this way.
 */
#pragma once

#include "net/plan.h"

/* Make plan->bridge: no spanning tree, no delay, the gateway's addresses, up. On failure
 * nothing is left. */
int vt_bridge_make(const struct vt_net_plan *plan, struct vt_error *err) VT_MUST_CHECK;

/*
 * Let the guest reach itself by the container's address also where the host has br_netfilter loaded
 * (Kubernetes does): bridged packets are then translated before they leave the bridge, and would
 * have to go back where they came from. To be called when the domain has started and its tap is on
 * the bridge. Nothing else depends on it.
 */
int vt_bridge_hairpin(const struct vt_net_plan *plan, struct vt_error *err) VT_MUST_CHECK;
