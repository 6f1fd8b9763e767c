/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/caps.h"
#include "host/files.h"
#include "net/ip6_priv.h"
#include "views.h"

static const char *const names[] = {"default/disable_ipv6", "all/forwarding", "eth0/accept_ra"};

/* A tree as /proc/sys/net/ipv6/conf; NULL for what is not there, "ro" for what root itself may not
 * write: a directory. */
static char *tree(const char *const values[])
{
    char *conf = vt_strdup("/tmp/vt-ip6-XXXXXX");

    assert_non_null(mkdtemp(conf));
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", conf, names[i]);
        VT_AUTO_FREE char *dir = vt_strndup(path, (size_t)(strrchr(path, '/') - path));
        VT_AUTO_FREE char *line = vt_fmt("%s\n", values[i]);

        assert_int_equal(mkdir(dir, 0700), 0);
        if (strcmp(values[i], "ro") == 0)
            assert_int_equal(mkdir(path, 0700), 0);
        else
            assert_int_equal(vt_file_write(path, line, strlen(line), 0644, NULL), 0);
    }
    return conf;
}

/* What is there of the setting, and away with it. */
static void take(const char *conf, size_t i, const char *expected)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/%s", conf, names[i]);
    VT_AUTO_FREE char *text = NULL;

    if (vt_file_read(path, 64, &text, NULL) == 0 && expected)
        assert_memory_equal(text, expected, strlen(expected));
    assert_int_equal(remove(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

static const struct {
    uint64_t caps;
    const char *before[3];
    const char *flag; /* NULL: it can */
    const char *after[3];
} cases[] = {
    {VT_CAP(CAP_NET_RAW), {"0", "1", "0"}, NULL, {"0", "1", "0"}},
    {VT_CAP(CAP_NET_RAW), {"0", "0", "0"}, NULL, {"0", "1", "0"}},
    /* What came from a router stays. */
    {VT_CAP(CAP_NET_RAW), {"0", "0", "1"}, NULL, {"0", "1", "2"}},
    {VT_CAP(CAP_NET_RAW), {"1", "0", "2"}, NULL, {"0", "1", "2"}},
    {VT_CAP(CAP_NET_RAW), {"0", "ro", "0"}, "--sysctl net.ipv6.conf.all.forwarding=1", {NULL}},
    {VT_CAP(CAP_NET_RAW),
     {"ro", "1", "0"},
     "--sysctl net.ipv6.conf.default.disable_ipv6=0",
     {NULL}},
    {VT_CAP(CAP_NET_RAW),
     {"ro", "ro", "0"},
     "with --sysctl net.ipv6.conf.default.disable_ipv6=0 --sysctl net.ipv6.conf.all.forwarding=1",
     {NULL}},
    {VT_CAP(CAP_NET_ADMIN), {"0", "1", "0"}, "--cap-add NET_RAW", {"0", "1", "0"}},
    /* Nothing is switched on in vain. */
    {VT_CAP(CAP_NET_ADMIN), {"0", "0", "1"}, "with --cap-add NET_RAW", {"0", "0", "1"}},
    {VT_CAP(CAP_NET_ADMIN),
     {"0", "ro", "1"},
     "with --cap-add NET_RAW --sysctl net.ipv6.conf.all.forwarding=1",
     {NULL}},
};

static void what_can_be_is_switched_on_and_else_the_flag_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
        VT_AUTO_FREE char *conf = tree(cases[i].before);
        VT_AUTO_FREE char *why = NULL;
        bool switched = false;

        add_address6(&view, "eth0", "fd00:5::2");
        assert_int_equal(vt_ip6_can_forward_at(conf, cases[i].caps, &view, &switched, &why),
                         !cases[i].flag);
        assert_int_equal(switched, !cases[i].flag && *cases[i].before[1] == '0');
        if (cases[i].flag) {
            assert_non_null(why);
            assert_non_null(strstr(why, cases[i].flag));
            assert_non_null(strstr(why, "fd00:5::2"));
        } else {
            assert_null(why);
        }
        for (size_t n = 0; n < VT_ARRAY_SIZE(names); n++)
            take(conf, n, cases[i].after[n]);
        assert_int_equal(rmdir(conf), 0);
    }
}

static void a_container_without_ip6_lacks_nothing(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    struct vt_link bridge = {.name = "virbr1", .index = 3, .ours = true};
    VT_AUTO_FREE char *why = NULL;
    bool switched = false;

    (void)state;
    docker_view(&view);
    assert_false(vt_ip6_can_forward_at("/nowhere", 0, &view, &switched, &why));
    assert_null(why);
    /* What an earlier run left is no address of the container. */
    vt_net_view_add_link(&view, &bridge);
    add_address6(&view, "virbr1", "fd54:12:3456::1");
    assert_false(vt_ip6_can_forward_at("/nowhere", 0, &view, &switched, &why));
    assert_null(why);
}

static void who_advertises_needs_no_forwarding(void **state)
{
    VT_AUTO_FREE char *all = vt_ip6_lacking_at("/nowhere", 0);
    VT_AUTO_FREE char *sysctl = vt_ip6_lacking_at("/nowhere", VT_CAP(CAP_NET_RAW));

    (void)state;
    assert_string_equal(all, " --cap-add NET_RAW --sysctl net.ipv6.conf.default.disable_ipv6=0");
    assert_string_equal(sysctl, " --sysctl net.ipv6.conf.default.disable_ipv6=0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_is_switched_on_and_else_the_flag_is_named),
        cmocka_unit_test(a_container_without_ip6_lacks_nothing),
        cmocka_unit_test(who_advertises_needs_no_forwarding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
