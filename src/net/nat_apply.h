/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset in the kernel. */
#pragma once

#include "net/plan.h"
#include "net/rules.h"

/*
 * Put vt_nat_ruleset() in force, all of it or nothing, and read it back. Safe to do again. Call it
 * before anything in the container opens connections that matter: replies to older, untracked ones
 * would look new and go to the guest.
 */
int vt_nat_apply(const struct vt_net_plan *plan, struct vt_rules_mark *ret,
                 struct vt_error *err) VT_MUST_CHECK;
