/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules in the kernel, in a network namespace of the test's own. */
#include "net/rules.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nftables/libnftables.h>

#include "net/nat.h"
#include "net/nat_apply.h"
#include "net/nft.h"
#include "views.h"

static struct vt_rules_mark mark;
static struct vt_net_plan plan;
static bool usable;
static int applied;

static int make_namespace(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    char asked[] = "192.168.100";

    (void)state;
    dual_plan(&view, asked, &plan);
    usable = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    /* Whether this kernel has what they are made of; that ours can be put in force is not asked. */
    usable = usable && vt_nft_run("add table inet t; add chain inet t c { type nat hook output "
                                  "priority 0; }; delete table inet t",
                                  "", NULL) == 0;
    applied = usable ? vt_nat_apply(&plan, &mark, NULL) : 0;
    return 0;
}

/* As another program would. */
static void nft(const char *commands)
{
    struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

    assert_non_null(ctx);
    assert_int_equal(nft_run_cmd_from_buffer(ctx, commands), 0);
    nft_ctx_free(ctx);
}

static void all_rules_are_read_back(void **state)
{
    VT_AUTO_FREE char *ruleset = vt_nat_ruleset(&plan, true);
    struct vt_rules_mark now = {0};

    (void)state;
    if (!usable)
        skip();
    assert_int_equal(applied, 0);
    assert_int_equal(mark.rules, vt_rules_count(ruleset));
    assert_int_equal(vt_rules_read(&now, NULL), 0);
    assert_int_equal(now.rules, mark.rules);
    assert_memory_equal(now.last, mark.last, sizeof(now.last));
    assert_true(vt_rules_are_whole(&mark));
    assert_int_equal(vt_nat_apply(&plan, &mark, NULL), 0);
    assert_true(vt_rules_are_whole(&mark));
}

/* What another program does, and whether that takes anything of ours away. */
static const struct {
    const char *commands;
    bool lost;
} changes[] = {
    {"add rule inet virtainer forward counter", false},
    {"add table inet other; add chain inet other c; delete table inet other", false},
    {NULL, true}, /* our last rule */
    {"flush chain inet virtainer input", true},
    {"flush table inet virtainer", true},
    {"delete table inet virtainer", true},
    {"flush ruleset", true},
    {"flush ruleset; add table inet virtainer; add chain inet virtainer forward", true},
};

static void what_others_take_away_is_missed(void **state)
{
    VT_AUTO_CLOSE int fd = -1;
    char who[VT_RULES_WHO];

    (void)state;
    if (!usable)
        skip();
    fd = vt_rules_listen(NULL);
    assert_true(fd >= 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(changes); i++) {
        VT_AUTO_FREE char *delete =
            vt_fmt("delete rule inet virtainer input handle %" PRIu64, mark.last[VT_RULES_INET]);

        (void)vt_rules_news(fd, who);
        nft(changes[i].commands ? changes[i].commands : delete);
        assert_int_equal(vt_rules_news(fd, who), changes[i].lost);
        assert_int_equal(vt_startswith(who, "test_net_rul"), changes[i].lost);
        assert_int_equal(vt_rules_are_whole(&mark), !changes[i].lost);
        assert_int_equal(vt_nat_apply(&plan, &mark, NULL), 0);
        assert_true(vt_rules_are_whole(&mark));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rules_are_read_back),
        cmocka_unit_test(what_others_take_away_is_missed),
    };

    return cmocka_run_group_tests(tests, make_namespace, NULL);
}
