/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

#define A_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void name_servers_are_read(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;

    (void)state;
    vt_net_view_add_resolv_conf(&view,
                                "# nameserver 1.1.1.1\nsearch example.org\n"
                                "nameserver 192.168.1.1\nnameserver 127.0.0.11\n"
                                "nameserver fe80::1\nnameserver\n\tnameserver\t10.0.0.53 # x\n"
                                "nameserver 300.1.1.1");
    assert_int_equal(view.server_count, 2);
    assert_int_equal(view.servers[0], ip("192.168.1.1"));
    assert_int_equal(view.servers[1], ip("10.0.0.53"));
    assert_string_equal(view.search, "example.org");
}

/* A resolv.conf, and the search list that is handed on. */
static const struct {
    const char *text, *search;
} searches[] = {
    {"nameserver 1.1.1.1\n", NULL},
    {"search\n", NULL},
    {"search a.org b.org\n", "a.org b.org"},
    {"search a.org\nsearch\tb.org  c.org\t\n", "b.org c.org"},
    {"search a.org\nsearch .\n", NULL},
    {"search default.svc.cluster.local svc.cluster.local\n",
     "default.svc.cluster.local svc.cluster.local"},
    {"search 1 2 3 4 5 6 7\n", "1 2 3 4 5 6"},
    {"search a,b --x c;d e\"f ok\n", "ok"},
    {"searching a.org\n", NULL},
    {"search " A_50 A_50 " " A_50 A_50 " b\n", A_50 A_50 " b"}, /* one option's room */
};

static void the_search_list_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(searches); i++) {
        VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;

        vt_net_view_add_resolv_conf(&view, searches[i].text);
        if (searches[i].search)
            assert_string_equal(view.search, searches[i].search);
        else
            assert_null(view.search);
    }
}

static void the_kernel_answers(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    bool loopback = false;

    (void)state;
    assert_int_equal(vt_net_view_read(&view, NULL), 0);
    for (size_t i = 0; i < view.link_count; i++)
        loopback |= strcmp(view.links[i].name, "lo") == 0 && view.links[i].index == 1;
    assert_true(loopback);
    for (size_t i = 0; i < view.address_count; i++) {
        assert_string_not_equal(view.addresses[i].ifname, "");
        assert_in_range(view.addresses[i].prefix, 1, 32);
    }
}

static void text_is_dotted(void **state)
{
    (void)state;
    assert_string_equal(vt_ip_text(0xc0a864ff).s, "192.168.100.255");
    assert_string_equal(vt_ip_text(UINT32_MAX).s, "255.255.255.255");
    assert_string_equal(vt_net_text(0, 0).s, "0.0.0.0/0");
    assert_string_equal(vt_net_text(UINT32_MAX, 32).s, "255.255.255.255/32");
}

static void masks_cover_the_prefix(void **state)
{
    (void)state;
    assert_int_equal(vt_netmask(0), 0);
    assert_int_equal(vt_netmask(24), 0xffffff00);
    assert_int_equal(vt_netmask(32), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_servers_are_read),  cmocka_unit_test(the_search_list_is_read),
        cmocka_unit_test(the_kernel_answers),     cmocka_unit_test(text_is_dotted),
        cmocka_unit_test(masks_cover_the_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
