/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nat_apply.h"

#include <errno.h>

#include "net/nat.h"
#include "net/nft.h"

/* That nftables accepted it says nothing of what others did to it since. */
static int read_back(unsigned meant, struct vt_nat_mark *ret, struct vt_error *err)
{
    struct vt_nat_mark now = {0, 0};
    int r = vt_nat_read(&now, err);

    if (r < 0)
        return r;
    if (now.rules != meant)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EIO,
                            "%u of the %u rules that lead to the guest are in force: another "
                            "process changes nftables' table inet " VT_NAT_TABLE
                            " in the container's network",
                            now.rules, meant);
    *ret = now;
    return 0;
}

int vt_nat_apply(const struct vt_net_plan *plan, struct vt_nat_mark *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *fresh = vt_nat_ruleset(plan, true);
    VT_AUTO_FREE char *replacing = vt_nat_ruleset(plan, false);

    /* In a new container it is always the first; should that fail for another reason, so does the
     * second and says it. */
    if (vt_nft_run(fresh, "", NULL) < 0) {
        int r = vt_nft_run(replacing, "cannot forward the container's address to the guest", err);

        if (r < 0)
            return r;
    }
    return read_back(vt_nat_count(fresh), ret, err);
}
