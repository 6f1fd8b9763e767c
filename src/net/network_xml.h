/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's network as libvirt sees it. Pure. */
#pragma once

#include "net/plan.h"

/* The XML for virNetworkCreateXML(); owned by the caller. */
char *vt_network_xml(const struct vt_net_plan *plan);
