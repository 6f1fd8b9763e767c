/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet's way between the world and the guest, as one nftables table. Pure. */
#pragma once

#include "net/plan.h"

/* The table is inet VT_NAT_TABLE. */
#define VT_NAT_TABLE "virtainer"

/*
 * The commands for nft, owned by the caller. They replace the table of an earlier run, whatever was
 * in it, in one transaction, so applying them twice is the same as once.
 */
char *vt_nat_ruleset(const struct vt_net_plan *plan);
