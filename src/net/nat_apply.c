/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nat_apply.h"

#include <errno.h>
#include <nftables/libnftables.h>

#include "net/nat.h"

static void nft_freep(struct nft_ctx **nft)
{
    if (*nft)
        nft_ctx_free(*nft);
}

/* The first line of what nft says, without the "Error: " before it. */
static char *first_line(const char *text)
{
    if (vt_startswith(text, "Error: "))
        text += strlen("Error: ");
    return vt_strndup(text, strcspn(text, "\n"));
}

static int run(const char *commands, const char *what, struct vt_error *err)
{
    VT_CLEANUP(nft_freep) struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    VT_AUTO_FREE char *said = NULL;

    if (!nft)
        return vt_error_errno(err, VT_CAUSE_NETWORK, ENOMEM, "cannot set up nftables");
    (void)nft_ctx_buffer_output(nft);
    (void)nft_ctx_buffer_error(nft);
    if (nft_run_cmd_from_buffer(nft, commands) == 0)
        return 0;
    said = first_line(nft_ctx_get_error_buffer(nft));
    return vt_error_set(err, VT_CAUSE_NETWORK, -EIO,
                        "%s: nftables says '%s'; the kernel needs nf_tables with nat and fib "
                        "(modprobe nft_chain_nat nft_fib_inet nft_masq on the host), the container "
                        "--cap-add NET_ADMIN",
                        what, said);
}

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
    if (run(fresh, "", NULL) < 0) {
        int r = run(replacing, "cannot forward the container's address to the guest", err);

        if (r < 0)
            return r;
    }
    return read_back(vt_nat_count(fresh), ret, err);
}
