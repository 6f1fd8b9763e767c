/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real sockets, in a network namespace of the test's own. */
#include "net/listeners.h"

#include <arpa/inet.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/str.h"

static bool has_namespace;

static int make_namespace(void **state)
{
    (void)state;
    has_namespace = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    return 0;
}

/* A socket that is left open, as the namespace is not used for anything else. */
static void listen_at(int type, const char *address, uint16_t port)
{
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in ip4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool six = strchr(address, ':') != NULL;
    int one = 1;
    int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&ip6.sin6_addr : &ip4.sin_addr),
        1);
    if (six)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    (void)setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_FREEBIND : IP_FREEBIND, &one,
                     sizeof(one));
    assert_int_equal(bind(fd, six ? (struct sockaddr *)&ip6 : (struct sockaddr *)&ip4,
                          six ? sizeof(ip6) : sizeof(ip4)),
                     0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 1), 0);
}

static void assert_hidden(const char *ports, const char *expected)
{
    struct vt_ports wanted = {NULL, 0};
    VT_AUTO_FREE char *wrong = NULL;
    VT_AUTO_FREE char *hidden = NULL;

    if (ports)
        assert_int_equal(vt_ports_parse(ports, &wanted, &wrong), 0);
    hidden = vt_listeners_hidden(&wanted);
    free(wanted.list);
    if (expected)
        assert_string_equal(hidden ? hidden : "nothing", expected);
    else
        assert_null(hidden);
}

static void who_is_not_reached_any_more_is_found(void **state)
{
    (void)state;
    if (!has_namespace)
        skip();
    assert_hidden(NULL, NULL);
    listen_at(SOCK_STREAM, "127.0.0.11", 53);
    listen_at(SOCK_STREAM, "::1", 631);
    listen_at(SOCK_DGRAM, "127.0.0.11", 54);
    assert_hidden(NULL, NULL);
    listen_at(SOCK_STREAM, "0.0.0.0", 8080);
    listen_at(SOCK_STREAM, "::", 8080);
    listen_at(SOCK_STREAM, "172.17.0.2", 22);
    listen_at(SOCK_STREAM, "2001:db8::1", 443);
    listen_at(SOCK_DGRAM, "0.0.0.0", 53);
    assert_hidden(NULL, "22/tcp,443/tcp,8080/tcp,53/udp");
    assert_hidden("22,53,8000-8100", "22/tcp,8080/tcp");
    assert_hidden("53/udp", "53/udp");
    assert_hidden("80,443/udp", NULL);
}

static void not_all_of_many_are_named(void **state)
{
    (void)state;
    if (!has_namespace)
        skip();
    for (unsigned port = 10000; port < 10100; port++)
        listen_at(SOCK_STREAM, "0.0.0.0", (uint16_t)port);
    assert_hidden("22", "22/tcp");
    assert_hidden("10099,10098", "10098/tcp,10099/tcp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_reached_any_more_is_found),
        cmocka_unit_test(not_all_of_many_are_named),
    };

    return cmocka_run_group_tests(tests, make_namespace, NULL);
}
