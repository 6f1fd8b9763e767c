/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dhcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "views.h"

static char *lines_of(const struct vt_net_plan *plan)
{
    VT_CLEANUP(vt_strv_freep) char **argv = vt_dhcp_argv(plan);
    VT_AUTO_BUF struct vt_buf lines = VT_BUF_INIT(65536);

    for (char **arg = argv; *arg; arg++)
        vt_buf_addf(&lines, "%s\n", *arg);
    return vt_buf_take(&lines);
}

static void the_arguments_are_as_reviewed(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *ordinary = NULL;
    VT_AUTO_FREE char *narrow = NULL;
    char asked[] = "192.168.100";

    (void)state;
    docker_view(&view);
    plan_of(&view, asked, &plan);
    ordinary = lines_of(&plan);
    vt_assert_golden("net/dnsmasq.args", ordinary);
    plan.mtu = 1280;
    plan.search = vt_strdup("a.org b.org");
    narrow = lines_of(&plan);
    vt_assert_golden("net/dnsmasq-mtu.args", narrow);
}

static void router_advertisements_and_dhcpv6_give_the_same_address(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *lines = NULL;
    char asked[] = "192.168.100";

    (void)state;
    dual_plan(&view, asked, &plan);
    lines = lines_of(&plan);
    vt_assert_golden("net/dnsmasq-ip6.args", lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arguments_are_as_reviewed),
        cmocka_unit_test(router_advertisements_and_dhcpv6_give_the_same_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
