/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nat.h"

#include <nftables/libnftables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "views.h"

static char asked[] = "192.168.100";

static void the_ruleset_is_as_reviewed(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *fresh = NULL;
    VT_AUTO_FREE char *replacing = NULL;

    (void)state;
    docker_view(&view);
    plan_of(&view, asked, &plan);
    fresh = vt_nat_ruleset(&plan, true);
    replacing = vt_nat_ruleset(&plan, false);
    vt_assert_golden("net/nat-fresh.nft", fresh);
    vt_assert_golden("net/nat-replacing.nft", replacing);
}

static void ip6_has_the_same_rules(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL;

    (void)state;
    dual_plan(&view, asked, &plan);
    plan.no_transit6 = true;
    ruleset = vt_nat_ruleset(&plan, true);
    vt_assert_golden("net/nat-ip6.nft", ruleset);
}

static void ports_narrow_and_map(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL;
    struct vt_port list[] = {
        {22, 22, 22, VT_PROTOCOL_TCP},
        {8080, 8080, 80, VT_PROTOCOL_TCP},
        {6000, 6010, 6000, VT_PROTOCOL_UDP},
    };
    const struct vt_ports ports = {list, VT_ARRAY_SIZE(list)};

    (void)state;
    dual_plan(&view, asked, &plan);
    plan.ports = ports;
    ruleset = vt_nat_ruleset(&plan, true);
    vt_assert_golden("net/nat-ports.nft", ruleset);
}

static void strangers_are_kept_out(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL, *wrong = NULL;

    (void)state;
    dual_plan(&view, asked, &plan);
    /* One network in another, as a person may write it. */
    assert_int_equal(vt_sources_parse("10.0.0.0/8,192.0.2.1,10.1.0.0/16", &plan.allow_from, &wrong),
                     0);
    ruleset = vt_nat_ruleset(&plan, true);
    free(plan.allow_from.list);
    vt_assert_golden("net/nat-allow-from.nft", ruleset);
}

static void ssh_connections_are_counted_by_client(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL;

    (void)state;
    dual_plan(&view, asked, &plan);
    plan.ssh_rate = (struct vt_rate){.count = 10, .unit = 60};
    ruleset = vt_nat_ruleset(&plan, true);
    vt_assert_golden("net/nat-ssh-rate.nft", ruleset);
}

static void a_moved_subnet_is_in_every_rule(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL;

    (void)state;
    docker_view(&view);
    add_link(&view, "virbr1", 3, 1500);
    add_route(&view, "eth0", "192.168.0.0", 16, 0);
    plan_of(&view, asked, &plan);
    ruleset = vt_nat_ruleset(&plan, true);
    vt_assert_golden("net/nat-moved.nft", ruleset);
}

/* nft reads its own language best. It asks the kernel first, so this needs the right to; else it is
 * skipped. */
static void nft_understands_it(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ruleset = NULL;
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    int r;

    (void)state;
    dual_plan(&view, asked, &plan);
    ruleset = vt_nat_ruleset(&plan, false);
    assert_non_null(nft);
    (void)nft_ctx_buffer_output(nft);
    (void)nft_ctx_buffer_error(nft);
    nft_ctx_set_dry_run(nft, true);
    if (nft_run_cmd_from_buffer(nft, "list tables") != 0) {
        nft_ctx_free(nft);
        skip();
    }
    r = nft_run_cmd_from_buffer(nft, ruleset);
    if (r != 0)
        print_error("%s", nft_ctx_get_error_buffer(nft));
    nft_ctx_free(nft);
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ruleset_is_as_reviewed),
        cmocka_unit_test(ip6_has_the_same_rules),
        cmocka_unit_test(ports_narrow_and_map),
        cmocka_unit_test(strangers_are_kept_out),
        cmocka_unit_test(ssh_connections_are_counted_by_client),
        cmocka_unit_test(a_moved_subnet_is_in_every_rule),
        cmocka_unit_test(nft_understands_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
