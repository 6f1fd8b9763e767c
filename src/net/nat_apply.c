/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nat_apply.h"

#include "base/str.h"
#include "net/nat.h"

int vt_nat_apply(const struct vt_net_plan *plan, struct vt_rules_mark *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *fresh = vt_nat_ruleset(plan, true);
    VT_AUTO_FREE char *replacing = vt_nat_ruleset(plan, false);

    return vt_rules_apply(fresh, replacing, "cannot forward the container's address to the guest",
                          ret, err);
}
