/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>

#include "base/str.h"

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

int vt_nft_run(const char *commands, const char *what, struct vt_error *err)
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
