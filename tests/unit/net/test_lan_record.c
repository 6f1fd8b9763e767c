/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/lan_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "views.h"

#define MAC "02:42:ac:11:00:02"

static void add_given(struct vt_net_view *view, const char *name, const char *network,
                      unsigned prefix, const char *gateway, unsigned metric)
{
    struct vt_route r = {.network = ip(network),
                         .prefix = prefix,
                         .gateway = gateway ? ip(gateway) : 0,
                         .metric = metric,
                         .is_default = prefix == 0,
                         .given = true};

    (void)snprintf(r.ifname, sizeof(r.ifname), "%s", name);
    vt_net_view_add_route(view, &r);
}

static void all_that_somebody_gave_is_its_alias(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_LAN_RECORD struct vt_lan_record record = VT_LAN_RECORD_INIT;
    VT_AUTO_FREE char *text = NULL;
    VT_AUTO_FREE char *again = NULL;
    struct vt_address6 six = {
        .ifname = "eth0", .address = ip6("fd00:5::2"), .prefix = 80, .permanent = true};
    struct vt_route6 out = {
        .ifname = "eth0", .gateway = ip6("fe80::1"), .metric = 1024, .given = true};
    struct vt_route mixed = {.ifname = "eth0",
                             .network = ip("10.7.0.0"),
                             .prefix = 16,
                             .gateway = ip("10.6.0.1"),
                             .source = ip("172.17.0.9"),
                             .metric = 5,
                             .mtu = 1400,
                             .onlink = true,
                             .given = true};
    unsigned left;

    (void)state;
    add_address(&view, "lo", "127.0.0.1", 8);
    add_address(&view, "eth0", "172.17.0.2", 16);
    add_address(&view, "eth0", "172.17.0.9", 16);
    add_route(&view, "eth0", "172.17.0.0", 16, 0);
    add_given(&view, "eth0", "0.0.0.0", 0, "172.17.0.1", 100);
    add_given(&view, "eth1", "10.6.0.0", 16, "172.18.0.3", 0);
    add_given(&view, "eth0", "169.254.1.1", 32, NULL, 0);
    vt_net_view_add_route(&view, &mixed);
    add_address6(&view, "eth0", "2001:db8::2"); /* learned */
    vt_net_view_add_address6(&view, &six);
    vt_net_view_add_route6(&view, &out);
    out.source = six.address;
    out.mtu = 1280;
    vt_net_view_add_route6(&view, &out);
    text = vt_lan_record_text(&view, "eth0", MAC, &left);
    assert_string_equal(text, VT_LAN_RECORD MAC
                        " 172.17.0.2/16 172.17.0.9/16 0.0.0.0/0>172.17.0.1%100 169.254.1.1/32> "
                        "10.7.0.0/16>10.6.0.1%5@172.17.0.9~1400! "
                        "fd00:5::2/80 ::/0>fe80::1 ::/0>fe80::1@fd00:5::2~1280");
    assert_int_equal(left, 0);
    assert_true(vt_lan_record_parse(text, "eth0", &record));
    assert_string_equal(record.mac, MAC);
    again = vt_lan_record_text(&record.had, "eth0", record.mac, &left);
    assert_string_equal(again, text);
}

/* The kernel's limit; and what is in no words of ours. */
static void what_there_is_no_room_for_is_counted(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_LAN_RECORD struct vt_lan_record record = VT_LAN_RECORD_INIT;
    VT_AUTO_FREE char *text = NULL;
    struct vt_route other;
    struct vt_route6 other6;
    unsigned left, more;

    (void)state;
    add_address(&view, "eth0", "172.17.0.2", 16);
    for (unsigned i = 0; i < 40; i++)
        add_given(&view, "eth0", "172.20.0.0", 16, "172.17.0.1", i);
    text = vt_lan_record_text(&view, "eth0", MAC, &left);
    assert_in_range(strlen(text), VT_LAN_RECORD_SIZE - 32, VT_LAN_RECORD_SIZE - 1);
    assert_true(vt_lan_record_parse(text, "eth0", &record));
    assert_int_equal(record.had.route_count + left, 40);
    other = (struct vt_route){.unkept = "eth0", .network = ip("10.0.0.0"), .prefix = 8};
    other6 = (struct vt_route6){.unkept = "eth0"};
    vt_net_view_add_route(&view, &other);
    vt_net_view_add_route6(&view, &other6);
    vt_str_replace(&text, vt_lan_record_text(&view, "eth0", MAC, &more));
    assert_int_equal(more, left + 2);
}

/* Once each, also where there is no room. */
static void what_is_kept_in_part_is_counted(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_FREE char *text = NULL;
    struct vt_address four = {
        .ifname = "eth0", .address = ip("10.5.0.1"), .prefix = 32, .global = true, .peer = true};
    const struct vt_address6 six = {.ifname = "eth0",
                                    .address = ip6("fd00:5::1"),
                                    .prefix = 128,
                                    .permanent = true,
                                    .peer = true};
    unsigned left;

    (void)state;
    vt_net_view_add_address(&view, &four);
    vt_net_view_add_address6(&view, &six);
    text = vt_lan_record_text(&view, "eth0", MAC, &left);
    assert_string_equal(text, VT_LAN_RECORD MAC " 10.5.0.1/32 fd00:5::1/128");
    assert_int_equal(left, 2);
    for (unsigned i = 0; i < 40; i++)
        vt_net_view_add_address(&view, &four);
    vt_str_replace(&text, vt_lan_record_text(&view, "eth0", MAC, &left));
    assert_int_equal(left, 42);
}

static void what_is_no_record_is_not_taken(void **state)
{
    static const char *const wrong[] = {
        "",
        "virtainer",
        VT_LAN_RECORD,
        VT_LAN_RECORD "172.17.0.2/16",
        VT_LAN_RECORD MAC " 172.17.0.2",
        VT_LAN_RECORD MAC " 172.17.0.2/33",
        VT_LAN_RECORD MAC " 172.17.0/16",
        VT_LAN_RECORD MAC " 172.17.0.2/16%1",
        VT_LAN_RECORD MAC " 172.17.0.0/16>gateway",
        VT_LAN_RECORD MAC " 172.17.0.0/16>172.17.0.1%",
        VT_LAN_RECORD MAC " 172.17.0.0/16>fe80::1",
        VT_LAN_RECORD MAC " 172.17.0.0/16>172.17.0.1@172.17.0",
        VT_LAN_RECORD MAC " 172.17.0.0/16>172.17.0.1~",
        VT_LAN_RECORD MAC " 172.17.0.0/16>172.17.0.1!!",
        VT_LAN_RECORD MAC " /16>172.17.0.1",
        VT_LAN_RECORD MAC " fd00::/64>fd00::1@172.17.0.1",
        VT_LAN_RECORD MAC " fd00::/129",
        VT_LAN_RECORD MAC " fd00::/64>172.17.0.1",
    };
    VT_AUTO_FREE char *long_one = vt_fmt(VT_LAN_RECORD MAC "%*s", 256, "");
    struct vt_lan_record record;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(wrong); i++) {
        if (vt_lan_record_parse(wrong[i], "eth0", &record))
            fail_msg("'%s' is taken", wrong[i]);
    }
    assert_false(vt_lan_record_parse(long_one, "eth0", &record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_somebody_gave_is_its_alias),
        cmocka_unit_test(what_there_is_no_room_for_is_counted),
        cmocka_unit_test(what_is_kept_in_part_is_counted),
        cmocka_unit_test(what_is_no_record_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
