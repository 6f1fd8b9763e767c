/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

static char asked[] = "192.168.100";

static void the_addresses_follow_from_the_mac(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    dual_plan(&view, asked, &plan);
    assert_true(plan.has_ip6);
    assert_string_equal(vt_ip6_text(&plan.gateway6).s, "fd54:12:3456::1");
    assert_string_equal(vt_ip6_text(&plan.guest6).s, "fd54:12:3456:0:5054:ff:fe12:3456");
    assert_string_equal(vt_ip6_text(&plan.container6).s, "fd00:5::2");
}

/* A route of the container, and the gateway's address then. */
static const struct {
    const char *ifname, *network;
    unsigned prefix;
    const char *gateway;
} routes[] = {
    {"eth1", "fd54:12:3456::", 64, "fd54:12:3456:1::1"},
    {"eth1", "fd54:12:3456::7", 128, "fd54:12:3456:1::1"},
    {"eth1", "fd54:12:3456::", 62, "fd54:12:3456:4::1"},
    {"", "fd54:12:3456:1::", 64, "fd54:12:3456::1"},
    {"eth1", "fd54:12:3457::", 48, "fd54:12:3456::1"},
    {"tun0", "fd00::", 8, "fd54:12:3456::1"},
    {"virbr1", "fd54:12:3456::", 64, "fd54:12:3456::1"}, /* the bridge's own, to be replaced */
};

static void a_route_of_the_container_is_not_hidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(routes); i++) {
        VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
        VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

        add_route6(&view, routes[i].ifname, routes[i].network, routes[i].prefix);
        dual_plan(&view, asked, &plan);
        assert_string_equal(vt_ip6_text(&plan.gateway6).s, routes[i].gateway);
        assert_memory_equal(&plan.gateway6, &plan.guest6, 8);
    }
}

static void an_address_of_the_container_is_not_hidden(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    add_address6(&view, "eth1", "fd54:12:3456::9");
    dual_plan(&view, asked, &plan);
    assert_string_equal(vt_ip6_text(&plan.gateway6).s, "fd54:12:3456:1::1");
    /* It is printed for people where it is the way out. */
    assert_string_equal(vt_ip6_text(&plan.container6).s, "fd00:5::2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_addresses_follow_from_the_mac),
        cmocka_unit_test(a_route_of_the_container_is_not_hidden),
        cmocka_unit_test(an_address_of_the_container_is_not_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
