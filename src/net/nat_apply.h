/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset in the kernel: the only includer of libnftables. */
#pragma once

#include "net/plan.h"

/*
 * Put vt_nat_ruleset() in force, all of it or nothing. Call it before anything in the container
 * opens connections that matter: replies to older, untracked ones would look new and go to the
 * guest.
 */
int vt_nat_apply(const struct vt_net_plan *plan, struct vt_error *err) VT_MUST_CHECK;
