/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/lan.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "net/dhcp.h"
#include "views.h"

#define MAC "02:42:ac:11:00:02"

static void freep(struct vt_lan **lan)
{
    vt_lan_free(*lan);
}

#define AUTO_LAN VT_CLEANUP(freep)

static void add_card(struct vt_net_view *view, const char *name, int index, const char *mac,
                     const char *kind)
{
    struct vt_link link = {.index = index, .mtu = 1500, .up = true, .ethernet = true};

    (void)snprintf(link.name, sizeof(link.name), "%s", name);
    (void)snprintf(link.mac, sizeof(link.mac), "%s", mac);
    (void)snprintf(link.kind, sizeof(link.kind), "%s", kind);
    vt_net_view_add_link(view, &link);
}

static void add_way(struct vt_net_view *view, const char *name, const char *network,
                    unsigned prefix, const char *gateway)
{
    struct vt_route r = {.network = ip(network),
                         .prefix = prefix,
                         .gateway = gateway ? ip(gateway) : 0,
                         .is_default = prefix == 0};

    (void)snprintf(r.ifname, sizeof(r.ifname), "%s", name);
    vt_net_view_add_route(view, &r);
}

/* One network, as Docker's default bridge. */
static void one_network(struct vt_net_view *view)
{
    add_link(view, "lo", 1, 65536);
    add_card(view, "eth0", 2, MAC, "veth");
    add_address(view, "lo", "127.0.0.1", 8);
    add_address(view, "eth0", "172.17.0.2", 16);
    add_way(view, "eth0", "0.0.0.0", 0, "172.17.0.1");
    add_way(view, "eth0", "172.17.0.0", 16, NULL);
    vt_net_view_add_resolv_conf(view, "nameserver 10.0.0.53\nnameserver 10.0.1.53\nsearch a.org\n");
}

static struct vt_lan *lan_of(const struct vt_net_view *view)
{
    struct vt_lan *lan = NULL;

    assert_int_equal(vt_lan_plan(view, &lan, NULL), 0);
    return lan;
}

/* What a plan comes to: dnsmasq's arguments and the rules. */
static char *consequences(struct vt_lan *lan, bool fresh)
{
    const struct vt_net_plan plan = {.lan = lan};
    VT_CLEANUP(vt_strv_freep) char **argv = vt_dhcp_argv(&plan);
    VT_AUTO_FREE char *rules = vt_lan_ruleset(lan, fresh);
    struct vt_buf text = VT_BUF_INIT(65536);

    for (char **arg = argv; *arg; arg++)
        vt_buf_addf(&text, "%s\n", *arg);
    vt_buf_adds(&text, rules);
    return vt_buf_take(&text);
}

static void the_guest_has_the_containers_addresses(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *text = NULL;
    const struct vt_lan_port *port;

    (void)state;
    one_network(&view);
    lan = lan_of(&view);
    port = &lan->ports[0];
    assert_int_equal(lan->count, 1);
    assert_string_equal(port->mac, MAC);
    assert_string_not_equal(port->bridge_mac, MAC);
    assert_int_equal(port->guest, ip("172.17.0.2"));
    assert_int_equal(port->prefix, 16);
    assert_int_equal(port->gateway, ip("172.17.0.1"));
    assert_int_equal(port->card_mtu, 0);
    assert_null(lan->notice);
    assert_false(vt_lan_has_way_out(lan));
    (void)snprintf(lan->ports[0].gateway_mac, VT_MAC_TEXT, "02:42:00:00:00:01");
    assert_true(vt_lan_has_way_out(lan));
    text = consequences(lan, true);
    vt_assert_golden("net/lan-one", text);
}

/* Names of the bridges of the host, of hardware that is off and of tunnels are in each namespace.
 */
static void several_networks_are_several_cards(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *text = NULL;
    struct vt_link off = {.name = "gretap0", .index = 9, .ethernet = true, .mac = MAC};

    (void)state;
    add_card(&view, "eth10", 2, "02:42:0a:01:00:0a", "veth");
    add_card(&view, "eth1", 3, "02:42:0a:01:00:01", "macvlan");
    add_card(&view, "eth9", 4, "02:42:0a:01:00:09", "veth");
    add_card(&view, "virbr1", 5, "02:42:0a:01:00:0f", "bridge");
    vt_net_view_add_link(&view, &off);
    view.links[2].mtu = 65520;
    add_address(&view, "eth1", "10.1.0.2", 24);
    add_address(&view, "eth9", "10.9.0.2", 24);
    add_address(&view, "eth9", "10.9.0.3", 24);
    add_address6(&view, "eth9", "fd00:9::2");
    add_way(&view, "eth9", "0.0.0.0", 0, "10.9.0.1");
    add_way(&view, "eth1", "10.2.0.0", 16, "10.1.0.1");
    lan = lan_of(&view);
    assert_int_equal(lan->count, 3);
    assert_int_equal(lan->first, 1);
    assert_string_equal(lan->ports[0].uplink, "eth1");
    assert_string_equal(lan->ports[1].uplink, "eth9");
    assert_string_equal(lan->ports[2].uplink, "eth10");
    assert_string_equal(lan->ports[0].bridge, "virbr2");
    assert_int_equal(lan->ports[1].card_mtu, 9000);
    assert_string_equal(lan->notice,
                        "the guest is not told the container's further address 10.9.0.3/24 of "
                        "eth9");
    assert_true(vt_lan_serves(&lan->ports[0]));
    assert_false(vt_lan_serves(&lan->ports[2]));
    text = consequences(lan, false);
    vt_assert_golden("net/lan-several", text);
}

static void add_own_address6(struct vt_net_view *view, const char *name, const char *address,
                             unsigned prefix)
{
    struct vt_address6 a = {.address = ip6(address), .prefix = prefix, .permanent = true};

    (void)snprintf(a.ifname, sizeof(a.ifname), "%s", name);
    vt_net_view_add_address6(view, &a);
}

/* One that was learned from a router the guest learns, too. */
static void an_address_of_ip6_is_told_by_an_advertisement_of_ours(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    struct vt_route6 route = {.gateway = ip6("fd00:5::1"), .ifname = "eth0"};
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *text = NULL;
    VT_AUTO_FREE char *kept = NULL;
    struct vt_net_plan plan;

    (void)state;
    one_network(&view);
    add_address6(&view, "eth0", "2001:db8::2");
    add_own_address6(&view, "eth0", "fd00:5::2", 64);
    add_own_address6(&view, "eth0", "fd00:6::2", 80);
    vt_net_view_add_route6(&view, &route);
    lan = lan_of(&view);
    assert_string_equal(lan->notice, "the guest is not told the container's IPv6 address "
                                     "fd00:6::2/80 of eth0");
    text = consequences(lan, true);
    assert_non_null(strstr(text, "--ra-param=virbr1,600,0"));
    (void)snprintf(lan->ports[0].gateway6_mac, VT_MAC_TEXT, "02:42:00:00:00:01");
    vt_str_replace(&text, consequences(lan, true));
    vt_assert_golden("net/lan-ip6", text);
    vt_net_plan_of_lan(lan, &plan);
    assert_true(plan.has_ip6);
    kept = vt_lan_text(lan);
    assert_string_equal(kept, MAC " 172.17.0.2 0 fd00:5::2");
    assert_true(vt_lan_resume(lan, kept));
    assert_false(vt_lan_resume(lan, MAC " 172.17.0.2 0"));
    assert_false(vt_lan_resume(lan, MAC " 172.17.0.2 0 fd00:5::3"));
    vt_lan_drop_ip6(lan, " --cap-add NET_RAW");
    assert_false(vt_lan_serves6(&lan->ports[0]));
    assert_non_null(strstr(lan->notice, "; the guest is not told the container's IPv6 address "
                                        "fd00:5::2 of eth0; for that run the container with "
                                        "--cap-add NET_RAW"));
}

static void without_a_gateway_the_way_to_the_container_is_a_route(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view internal = VT_NET_VIEW_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view off_link = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *first = NULL;
    AUTO_LAN struct vt_lan *second = NULL;

    (void)state;
    add_card(&internal, "eth0", 2, MAC, "veth");
    add_address(&internal, "eth0", "172.17.0.2", 16);
    first = lan_of(&internal);
    assert_string_equal(first->ports[0].routes, "169.254.100.1/32,0.0.0.0");
    add_card(&off_link, "eth0", 2, MAC, "veth");
    add_address(&off_link, "eth0", "10.1.0.2", 32);
    add_way(&off_link, "eth0", "0.0.0.0", 0, "169.254.1.1");
    second = lan_of(&off_link);
    assert_string_equal(second->ports[0].routes, "169.254.1.1/32,0.0.0.0,0.0.0.0/0,169.254.1.1");
}

/* The kernel tells them from the best on. */
static void the_ip6_gateway_is_that_of_the_best_default_route(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    const struct vt_route6 routes[] = {
        {.gateway = ip6("fd00:5::7"), .ifname = "eth0", .unkept = "eth0"},
        {.gateway = ip6("fd00:5::1"), .ifname = "eth0", .metric = 100},
        {.gateway = ip6("fd00:5::9"), .ifname = "eth0", .metric = 2048},
        {.ifname = "eth0", .metric = 4096},
    };

    (void)state;
    one_network(&view);
    add_own_address6(&view, "eth0", "fd00:5::2", 64);
    for (size_t i = 0; i < VT_ARRAY_SIZE(routes); i++)
        vt_net_view_add_route6(&view, &routes[i]);
    lan = lan_of(&view);
    assert_string_equal(vt_ip6_text(&lan->ports[0].gateway6).s, "fd00:5::1");
}

static void what_only_a_router_follows_is_not_for_the_guest(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;

    (void)state;
    add_card(&view, "eth0", 2, MAC, "veth");
    add_address(&view, "eth0", "172.17.0.2", 16);
    add_way(&view, "eth0", "0.0.0.0", 0, "172.17.0.3");
    add_way(&view, "eth0", "10.5.0.0", 16, "172.17.0.3");
    for (size_t i = 0; i < view.route_count; i++)
        memcpy(view.routes[i].unkept, "eth0", sizeof("eth0"));
    add_way(&view, "eth0", "0.0.0.0", 0, "172.17.0.1");
    view.routes[2].metric = 100;
    lan = lan_of(&view);
    assert_int_equal(lan->ports[0].gateway, ip("172.17.0.1"));
    assert_null(lan->ports[0].routes);
}

/* dnsmasq does not start with more than 255 bytes of them: here 9 for each, and 23 for others. */
static void routes_that_dhcp_has_no_room_for_are_counted(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    unsigned told = 0;

    (void)state;
    add_card(&view, "eth0", 2, MAC, "veth");
    add_address(&view, "eth0", "10.1.0.2", 32);
    add_way(&view, "eth0", "0.0.0.0", 0, "169.254.1.1");
    for (unsigned i = 0; i < 40; i++)
        add_way(&view, "eth0", vt_ip_text(ip("10.2.0.1") + i).s, 32, "169.254.1.1");
    lan = lan_of(&view);
    for (const char *c = lan->ports[0].routes; *c; c++)
        told += *c == '/';
    assert_int_equal(told, (255 - 23) / 9 + 2);
    assert_string_equal(strstr(lan->ports[0].routes, "169.254.1.1/32"),
                        "169.254.1.1/32,0.0.0.0,0.0.0.0/0,169.254.1.1");
    assert_non_null(strstr(lan->notice, "not told 15 of the container's routes by eth0"));
}

static void a_network_without_addresses_has_its_own_dhcp(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *rules = NULL;

    (void)state;
    add_card(&view, "eth0", 2, MAC, "macvlan");
    lan = lan_of(&view);
    assert_false(vt_lan_serves_any(lan));
    rules = vt_lan_ruleset(lan, true);
    assert_null(strstr(rules, "dport 68"));
    assert_null(strstr(rules, "snat"));
    assert_non_null(strstr(rules, "oifname { \"eth0\" } drop"));
}

/* Where it gets it from that DHCP; a guest that goes on has it still. */
static void the_guests_address_is_learned(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    AUTO_LAN struct vt_lan *later = NULL;
    VT_AUTO_FREE char *kept = NULL;

    (void)state;
    add_card(&view, "eth0", 2, MAC, "macvlan");
    add_card(&view, "eth1", 3, "02:42:0a:01:00:01", "macvlan");
    lan = lan_of(&view);
    assert_true(vt_lan_learns(lan));
    assert_int_equal(vt_lan_address(lan), 0);
    lan->ports[1].learned = ip("192.168.1.7");
    assert_int_equal(vt_lan_address(lan), ip("192.168.1.7"));
    kept = vt_lan_text(lan);
    assert_string_equal(kept, MAC " 0.0.0.0 0, 02:42:0a:01:00:01 0.0.0.0~192.168.1.7 0");
    later = lan_of(&view);
    assert_false(vt_lan_resume(later, MAC " 0.0.0.0~192.168.1 0, " MAC " 0.0.0.0 0"));
    assert_false(vt_lan_resume(later, MAC " 0.0.0.0~ 0, " MAC " 0.0.0.0 0"));
    assert_false(vt_lan_resume(later, MAC " 0.0.0.0~127.0.0.1 0, " MAC " 0.0.0.0 0"));
    assert_true(vt_lan_resume(later, kept));
    assert_int_equal(later->ports[0].learned, 0);
    assert_int_equal(vt_lan_address(later), ip("192.168.1.7"));
    assert_true(vt_lan_may_learn(later));
    vt_lan_cannot_learn(later);
    assert_non_null(strstr(later->notice, "with --cap-add NET_RAW"));
    assert_false(vt_lan_may_learn(later));
}

/* Who is told there is IPv6 alone gets no IPv4 address; one that a router advertised says nothing
 * of that. Nor does it matter that the guest is not told the one that the engine gave. */
static void in_a_network_of_ip6_alone_nothing_is_to_come(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view advertised = VT_NET_VIEW_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view alone = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *some = NULL;
    AUTO_LAN struct vt_lan *none = NULL;

    (void)state;
    add_card(&advertised, "eth0", 2, MAC, "macvlan");
    add_address6(&advertised, "eth0", "fd00:5::2");
    some = lan_of(&advertised);
    assert_true(vt_lan_may_learn(some));
    add_card(&alone, "eth0", 2, MAC, "macvlan");
    add_address6(&alone, "eth0", "fd00:5::2");
    alone.addresses6[0].permanent = true;
    none = lan_of(&alone);
    assert_true(vt_lan_learns(none));
    assert_false(vt_lan_may_learn(none));
    vt_lan_drop_ip6(none, " --cap-add NET_RAW");
    assert_false(vt_lan_may_learn(none));
}

/* What a guest says of another card cannot take the container's own questions from the network. */
static void where_the_engine_gives_an_address_nothing_is_learned(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;

    (void)state;
    one_network(&view);
    add_card(&view, "eth1", 3, "02:42:0a:01:00:01", "macvlan");
    lan = lan_of(&view);
    assert_false(vt_lan_learns(lan));
    assert_int_equal(vt_lan_address(lan), ip("172.17.0.2"));
    assert_false(vt_lan_may_learn(lan));
    vt_lan_cannot_learn(lan);
    assert_null(lan->notice);
    assert_false(vt_lan_resume(lan, MAC " 172.17.0.2~10.0.0.1 0, 02:42:0a:01:00:01 0.0.0.0 0"));
}

static void refuse(const struct vt_net_view *view, int expected, const char *words)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_lan *lan;

    assert_int_equal(vt_lan_plan(view, &lan, &err), expected);
    assert_int_equal(err.cause, VT_CAUSE_NETWORK);
    if (!strstr(err.msg, words))
        fail_msg("'%s' lacks '%s'", err.msg, words);
}

static void what_cannot_be_is_refused(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view none = VT_NET_VIEW_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view shared = VT_NET_VIEW_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view busy = VT_NET_VIEW_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view many = VT_NET_VIEW_INIT;

    (void)state;
    add_link(&none, "lo", 1, 65536);
    refuse(&none, -ENODEV, "attach it to a network");
    add_card(&shared, "eth0", 2, MAC, "ipvlan");
    refuse(&shared, -EOPNOTSUPP, "use NETWORK=nat");
    add_card(&busy, "eth0", 2, MAC, "veth");
    busy.links[0].master = 7;
    refuse(&busy, -EBUSY, "another virtainer");
    for (int i = 0; i <= VT_LAN_PORTS; i++) {
        VT_AUTO_FREE char *name = vt_fmt("eth%d", i);

        add_card(&many, name, i + 2, MAC, "veth");
    }
    refuse(&many, -E2BIG, "more than 8 networks");
}

static void ports_and_clients_are_refused(void **state)
{
    struct vt_port port = {22, 22, 22, VT_PROTOCOL_TCP};
    struct vt_source source = {0};
    struct vt_config config = {0};

    (void)state;
    assert_int_equal(vt_lan_check_wishes(&config, NULL), 0);
    config.allow_from = (struct vt_sources){&source, 1};
    assert_int_equal(vt_lan_check_wishes(&config, NULL), -EPROTONOSUPPORT);
    config = (struct vt_config){.ssh_rate = {1, 60}};
    assert_int_equal(vt_lan_check_wishes(&config, NULL), -EPROTONOSUPPORT);
    config = (struct vt_config){.ports = {&port, 1}};
    assert_int_equal(vt_lan_check_wishes(&config, NULL), -EPROTONOSUPPORT);
}

/* The container's MAC is often another after a restart, and the guest's is what it was. */
static void a_resumed_guest_keeps_its_macs_if_its_addresses_are_there(void **state)
{
    static const char *const unfit[] = {
        "",
        "02:42:ac:11:00:99 172.17.0.3 0",
        "02:42:ac:11:00:99 172.17.0.2",
        "02:42:ac:11:00:99 172.17.0.2 70000",
        "03:42:ac:11:00:99 172.17.0.2 0",
        "02:42:ac:11:00:99 172.17.0.2 0 0",
        "02:42:ac:11:00:99 172.17.0.2 0, 02:42:ac:11:00:98 172.17.0.3 0",
    };
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    one_network(&view);
    lan = lan_of(&view);
    text = vt_lan_text(lan);
    assert_string_equal(text, MAC " 172.17.0.2 0");
    for (size_t i = 0; i < VT_ARRAY_SIZE(unfit); i++) {
        if (vt_lan_resume(lan, unfit[i]) || strcmp(lan->ports[0].mac, MAC) != 0)
            fail_msg("'%s' is taken", unfit[i]);
    }
    assert_true(vt_lan_resume(lan, "02:42:ac:11:00:99 172.17.0.2 1400"));
    assert_string_equal(lan->ports[0].mac, "02:42:ac:11:00:99");
    assert_string_equal(lan->ports[0].uplink_mac, MAC);
    assert_int_equal(lan->ports[0].card_mtu, 1400);
    assert_string_equal(lan->ports[0].bridge_mac, "02:42:ad:11:00:99");
}

static void nft_knows_the_rules(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *rules = NULL;
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

    (void)state;
    one_network(&view);
    lan = lan_of(&view);
    (void)snprintf(lan->ports[0].gateway_mac, VT_MAC_TEXT, "02:42:00:00:00:01");
    rules = vt_lan_ruleset(lan, true);
    nft_ctx_set_dry_run(nft, true);
    (void)nft_ctx_buffer_error(nft);
    if (nft_run_cmd_from_buffer(nft, rules) != 0) {
        const char *said = nft_ctx_get_error_buffer(nft);

        /* Without the right to ask the kernel it has understood them all the same. */
        if (!strstr(said, "Operation not permitted"))
            fail_msg("%s", said);
    }
    nft_ctx_free(nft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guest_has_the_containers_addresses),
        cmocka_unit_test(several_networks_are_several_cards),
        cmocka_unit_test(an_address_of_ip6_is_told_by_an_advertisement_of_ours),
        cmocka_unit_test(without_a_gateway_the_way_to_the_container_is_a_route),
        cmocka_unit_test(the_ip6_gateway_is_that_of_the_best_default_route),
        cmocka_unit_test(what_only_a_router_follows_is_not_for_the_guest),
        cmocka_unit_test(routes_that_dhcp_has_no_room_for_are_counted),
        cmocka_unit_test(a_network_without_addresses_has_its_own_dhcp),
        cmocka_unit_test(the_guests_address_is_learned),
        cmocka_unit_test(in_a_network_of_ip6_alone_nothing_is_to_come),
        cmocka_unit_test(where_the_engine_gives_an_address_nothing_is_learned),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(ports_and_clients_are_refused),
        cmocka_unit_test(a_resumed_guest_keeps_its_macs_if_its_addresses_are_there),
        cmocka_unit_test(nft_knows_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
