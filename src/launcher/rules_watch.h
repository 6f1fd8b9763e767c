/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that lead to the guest are put in force again when somebody takes them away: a
 * firewall's `nft flush ruleset` in a pod, say. */
#pragma once

#include "net/plan.h"
#include "net/rules.h"

/* From here on the loop watches over the rules of @plan, known by @mark; once in the process. Both
 * are kept for as long as it runs, and @mark is changed. */
void vt_rules_watch(const struct vt_net_plan *plan, struct vt_rules_mark *mark);
