/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

static void name_servers_are_read(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;

    (void)state;
    vt_net_view_add_servers(&view, "# nameserver 1.1.1.1\nsearch example.org\n"
                                   "nameserver 192.168.1.1\nnameserver 127.0.0.11\n"
                                   "nameserver fe80::1\nnameserver\n\tnameserver\t10.0.0.53 # x\n"
                                   "nameserver 300.1.1.1");
    assert_int_equal(view.server_count, 2);
    assert_int_equal(view.servers[0], ip("192.168.1.1"));
    assert_int_equal(view.servers[1], ip("10.0.0.53"));
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
        cmocka_unit_test(name_servers_are_read),
        cmocka_unit_test(the_kernel_answers),
        cmocka_unit_test(text_is_dotted),
        cmocka_unit_test(masks_cover_the_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
