/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

static char asked[] = "192.168.100";

static void a_free_subnet_is_taken_as_asked(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    docker_view(&view);
    plan_of(&view, asked, &plan);
    assert_string_equal(plan.bridge, "virbr1");
    assert_int_equal(plan.subnet, ip("192.168.100.0"));
    assert_int_equal(plan.gateway, ip("192.168.100.1"));
    assert_int_equal(plan.guest, ip("192.168.100.100"));
    assert_int_equal(plan.container, ip("172.17.0.2"));
    assert_string_equal(plan.uplink, "eth0");
    assert_string_equal(plan.mac, "52:54:00:12:34:56");
    assert_string_equal(plan.bridge_mac, "52:54:01:12:34:56");
    assert_int_equal(plan.mtu, 1500);
    assert_false(plan.moved);
    assert_null(plan.reason);
}

/* One more route or address beside Docker's default network, and where the guest goes then. */
static const struct {
    const char *ifname;
    const char *network;
    unsigned prefix;
    bool address;
    const char *subnet;
    const char *reason; /* NULL: not moved */
} overlaps[] = {
    {"eth1", "192.168.100.0", 24, false, "192.168.101.0", "route 192.168.100.0/24 of eth1"},
    {"eth1", "192.168.100.100", 32, false, "192.168.101.0", "route 192.168.100.100/32 of eth1"},
    {"eth1", "192.168.100.128", 25, false, "192.168.101.0", "route 192.168.100.128/25 of eth1"},
    {"eth1", "192.168.96.0", 20, false, "192.168.112.0", "route 192.168.96.0/20 of eth1"},
    {"eth1", "192.168.0.0", 16, false, "10.200.100.0", "route 192.168.0.0/16 of eth1"},
    {"", "192.168.0.0", 16, false, "10.200.100.0", "route 192.168.0.0/16"},
    {"eth1", "192.0.0.0", 8, false, "10.200.100.0", "route 192.0.0.0/8 of eth1"},
    {"eth1", "192.168.100.7", 24, true, "192.168.101.0", "address 192.168.100.7/24 of eth1"},
    {"eth1", "192.168.101.0", 24, false, "192.168.100.0", NULL},
    {"eth1", "192.168.99.0", 24, false, "192.168.100.0", NULL},
    {"eth1", "10.0.0.0", 8, false, "192.168.100.0", NULL},
    {"tun0", "128.0.0.0", 1, false, "192.168.100.0", NULL},
};

static void an_overlapped_subnet_is_moved(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(overlaps); i++) {
        VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
        VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

        docker_view(&view);
        if (overlaps[i].address)
            add_address(&view, overlaps[i].ifname, overlaps[i].network, overlaps[i].prefix);
        else
            add_route(&view, overlaps[i].ifname, overlaps[i].network, overlaps[i].prefix, 0);
        plan_of(&view, asked, &plan);
        assert_string_equal(vt_ip_text(plan.subnet).s, overlaps[i].subnet);
        assert_int_equal(plan.guest, plan.subnet + 100);
        assert_int_equal(plan.moved, overlaps[i].reason != NULL);
        assert_int_equal(plan.wanted, ip("192.168.100.0"));
        if (overlaps[i].reason)
            assert_string_equal(plan.reason, overlaps[i].reason);
    }
}

static void a_name_server_is_not_hidden(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    char lan[] = "192.168.1";

    (void)state;
    docker_view(&view);
    vt_net_view_add_resolv_conf(&view, "nameserver 192.168.1.1\n");
    plan_of(&view, lan, &plan);
    assert_true(plan.moved);
    assert_string_equal(plan.reason, "name server 192.168.1.1");
    assert_int_equal(plan.subnet, ip("192.168.100.0"));
}

static void nothing_free_is_an_error(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    const struct vt_config config = {.cidr = asked};
    struct vt_net_plan plan;

    (void)state;
    add_route(&view, "eth0", "192.168.0.0", 16, 0);
    add_route(&view, "eth0", "10.0.0.0", 8, 0);
    assert_int_equal(vt_net_plan_make(&config, &view, "52:54:00:12:34:56", &plan, &err),
                     -EADDRNOTAVAIL);
    assert_int_equal(err.cause, VT_CAUSE_NETWORK);
    assert_non_null(strstr(err.msg, "route 192.168.0.0/16 of eth0"));
}

static void a_wrong_cidr_is_refused(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char wrong[] = "300.1.1";
    const struct vt_config config = {.cidr = wrong};
    struct vt_net_plan plan;

    (void)state;
    assert_int_equal(vt_net_plan_make(&config, &view, "52:54:00:12:34:56", &plan, &err), -EINVAL);
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
}

/* Routes beside Docker's default network, and which of them the guest is told as its own. */
static const struct {
    const char *network;
    unsigned prefix;
    bool told;
} beside[] = {
    {"172.18.0.0", 16, true},  {"172.31.255.0", 28, true}, {"192.168.48.0", 20, true},
    {"160.0.0.0", 4, true},  /* Docker's first pool lies in it */
    {"128.0.0.0", 1, false}, /* a VPN's half of everything */
    {"10.88.0.0", 16, false},  {"172.32.0.0", 16, false},  {"192.169.0.0", 24, false},
    {"172.17.0.0", 16, false}, /* a second way to what is told already */
};

static void networks_that_docker_would_take_are_told_to_the_guest(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(beside); i++) {
        VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
        VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

        docker_view(&view);
        add_route(&view, "eth1", beside[i].network, beside[i].prefix, 100);
        plan_of(&view, asked, &plan);
        assert_int_equal(plan.on_link_count, beside[i].told ? 2 : 1);
        assert_int_equal(plan.on_link[0].network, ip("172.17.0.0"));
        assert_int_equal(plan.on_link[0].prefix, 16);
        if (beside[i].told) {
            assert_int_equal(plan.on_link[1].network, ip(beside[i].network));
            assert_int_equal(plan.on_link[1].prefix, beside[i].prefix);
        }
    }
}

static void what_is_behind_a_router_is_not_told(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    docker_view(&view);
    add_route(&view, "eth0", "172.20.0.0", 16, 0);
    view.routes[view.route_count - 1].on_link = false;
    plan_of(&view, asked, &plan);
    assert_int_equal(plan.on_link_count, 1);
}

static void no_more_is_told_than_one_option_holds(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    for (unsigned i = 0; i < 2 * VT_NET_ON_LINK_MAX; i++) {
        VT_AUTO_FREE char *network = vt_fmt("172.18.%u.0", i);

        add_route(&view, "eth1", network, 24, 0);
    }
    plan_of(&view, asked, &plan);
    assert_int_equal(plan.on_link_count, VT_NET_ON_LINK_MAX);
}

static void the_uplink_is_the_best_default_route(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    add_link(&view, "eth0", 2, 1500);
    add_link(&view, "eth1", 3, 1400);
    add_address(&view, "eth0", "10.1.0.2", 24);
    add_address(&view, "eth1", "10.2.0.2", 24);
    add_route(&view, "eth0", "0.0.0.0", 0, 100);
    add_route(&view, "eth1", "0.0.0.0", 0, 50);
    plan_of(&view, asked, &plan);
    assert_string_equal(plan.uplink, "eth1");
    assert_int_equal(plan.container, ip("10.2.0.2"));
    assert_int_equal(plan.mtu, 1400);
}

/* Tables come in the order of their numbers, and the main one is 254. */
static void a_default_route_of_another_table_counts_where_there_is_no_other(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_NET_PLAN struct vt_net_plan other = {.replace = false};

    (void)state;
    add_link(&view, "eth0", 2, 1500);
    add_link(&view, "eth1", 3, 1400);
    add_address(&view, "eth0", "10.1.0.2", 24);
    add_address(&view, "eth1", "10.2.0.2", 24);
    add_route(&view, "eth1", "0.0.0.0", 0, 0);
    memcpy(view.routes[0].unkept, "eth1", sizeof("eth1"));
    plan_of(&view, asked, &other);
    assert_string_equal(other.uplink, "eth1");
    add_route(&view, "eth0", "0.0.0.0", 0, 100);
    plan_of(&view, asked, &plan);
    assert_string_equal(plan.uplink, "eth0");
    assert_int_equal(plan.container, ip("10.1.0.2"));
}

static void an_internal_network_has_an_address_all_the_same(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    add_link(&view, "eth0", 2, 65520);
    add_address(&view, "lo", "127.0.0.1", 8);
    add_address(&view, "eth0", "172.30.0.2", 16);
    plan_of(&view, asked, &plan);
    assert_int_equal(plan.container, ip("172.30.0.2"));
    assert_int_equal(plan.mtu, 9000);
}

static void no_network_at_all_is_a_plan_too(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    plan_of(&view, asked, &plan);
    assert_int_equal(plan.container, 0);
    assert_string_equal(plan.uplink, "");
    assert_int_equal(plan.mtu, 1500);
}

static void a_foreign_bridge_keeps_its_name(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    docker_view(&view);
    add_link(&view, "virbr1", 3, 1500);
    plan_of(&view, asked, &plan);
    assert_string_equal(plan.bridge, "virbr2");
    assert_false(plan.replace);
}

/* A bridge of ours with (@port) or without a guest on it. */
static void add_our_bridge(struct vt_net_view *view, bool port)
{
    const struct vt_link bridge = {.name = "virbr1", .index = 7, .mtu = 1500, .ours = true};
    const struct vt_link tap = {.name = "vnet0", .index = 8, .mtu = 1500, .master = 7};

    docker_view(view);
    vt_net_view_add_link(view, &bridge);
    add_address(view, "virbr1", "192.168.100.1", 24);
    add_route(view, "virbr1", "192.168.100.0", 24, 0);
    if (port)
        vt_net_view_add_link(view, &tap);
}

static void what_an_earlier_run_left_is_replaced(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};

    (void)state;
    add_our_bridge(&view, false);
    plan_of(&view, asked, &plan);
    assert_string_equal(plan.bridge, "virbr1");
    assert_true(plan.replace);
    assert_false(plan.moved);
}

static void two_virtainers_in_one_namespace_are_refused(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    const struct vt_config config = {.cidr = asked};
    struct vt_net_plan plan;

    (void)state;
    add_our_bridge(&view, true);
    assert_int_equal(vt_net_plan_make(&config, &view, "52:54:00:12:34:56", &plan, &err), -EBUSY);
    assert_int_equal(err.cause, VT_CAUSE_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_subnet_is_taken_as_asked),
        cmocka_unit_test(an_overlapped_subnet_is_moved),
        cmocka_unit_test(a_name_server_is_not_hidden),
        cmocka_unit_test(nothing_free_is_an_error),
        cmocka_unit_test(a_wrong_cidr_is_refused),
        cmocka_unit_test(networks_that_docker_would_take_are_told_to_the_guest),
        cmocka_unit_test(what_is_behind_a_router_is_not_told),
        cmocka_unit_test(no_more_is_told_than_one_option_holds),
        cmocka_unit_test(the_uplink_is_the_best_default_route),
        cmocka_unit_test(a_default_route_of_another_table_counts_where_there_is_no_other),
        cmocka_unit_test(an_internal_network_has_an_address_all_the_same),
        cmocka_unit_test(no_network_at_all_is_a_plan_too),
        cmocka_unit_test(a_foreign_bridge_keeps_its_name),
        cmocka_unit_test(what_an_earlier_run_left_is_replaced),
        cmocka_unit_test(two_virtainers_in_one_namespace_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
