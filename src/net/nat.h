/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet's way between the world and the guest, as one nftables table. Pure. */
#pragma once

#include "net/plan.h"

/*
 * The commands for nft, owned by the caller: one transaction. With @fresh it fails when our table
 * is there already; without, it replaces the table of an earlier run, whatever was in it, so
 * applying it twice is the same as once. (Deleting costs the kernel a grace period of some 10 ms,
 * hence the difference.)
 */
char *vt_nat_ruleset(const struct vt_net_plan *plan, bool fresh);
