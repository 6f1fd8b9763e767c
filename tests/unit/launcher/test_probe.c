/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/probe.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* A listening socket on loopback; *@ret_port is its port. */
static int listen_here(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Step until there is a result, or nothing happens for @patience ms. */
static enum vt_probe_result follow(struct vt_probe *probe, int patience)
{
    enum vt_probe_result result = VT_PROBE_PENDING;

    while (result == VT_PROBE_PENDING) {
        struct pollfd fd = {.fd = probe->fd, .events = probe->connected ? POLLIN : POLLOUT};

        if (poll(&fd, 1, patience) <= 0)
            return VT_PROBE_PENDING;
        result = vt_probe_step(probe);
    }
    return result;
}

static void a_greeting_shows_an_ssh_server(void **state)
{
    static const struct {
        const char *parts[3];
        enum vt_probe_result result;
    } cases[] = {
        {{"SSH-2.0-dropbear\r\n"}, VT_PROBE_SSH},
        {{"S", "SH", "-2.0-x"}, VT_PROBE_SSH},
        {{"welcome\r\nno SSH- here\r\n", "SS", "H-2.0-x\r\n"}, VT_PROBE_SSH},
        {{"HTTP/1.1 400 SSH-\r\n"}, VT_PROBE_ALIVE},
        {{""}, VT_PROBE_ALIVE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vt_probe probe = VT_PROBE_INIT;
        enum vt_probe_result result;
        unsigned port;
        int listener = listen_here(&port), peer;

        assert_int_equal(vt_probe_start(&probe, "127.0.0.1", port), VT_PROBE_PENDING);
        peer = accept(listener, NULL, NULL);
        assert_true(peer >= 0);
        result = follow(&probe, 0);
        for (size_t part = 0; part < 3 && cases[i].parts[part]; part++) {
            assert_int_equal(result, VT_PROBE_PENDING);
            assert_int_equal(send(peer, cases[i].parts[part], strlen(cases[i].parts[part]), 0),
                             (ssize_t)strlen(cases[i].parts[part]));
            result = follow(&probe, 100);
        }
        (void)close(peer);
        if (result == VT_PROBE_PENDING)
            result = follow(&probe, 1000);
        if (result != cases[i].result)
            fail_msg("case %zu: %d", i, (int)result);
        assert_int_equal(probe.fd, -1);
        (void)close(listener);
    }
}

static void a_flood_is_no_ssh_server(void **state)
{
    struct vt_probe probe = VT_PROBE_INIT;
    char flood[4096];
    unsigned port;
    int listener = listen_here(&port), peer;

    (void)state;
    memset(flood, 'x', sizeof(flood));
    assert_int_equal(vt_probe_start(&probe, "127.0.0.1", port), VT_PROBE_PENDING);
    peer = accept(listener, NULL, NULL);
    assert_int_equal(send(peer, flood, sizeof(flood), 0), sizeof(flood));
    assert_int_equal(follow(&probe, 1000), VT_PROBE_ALIVE);
    (void)close(peer);
    (void)close(listener);
}

static void a_refusal_shows_a_network(void **state)
{
    struct vt_probe probe = VT_PROBE_INIT;
    enum vt_probe_result result;
    unsigned port;
    int listener = listen_here(&port);

    (void)state;
    (void)close(listener);
    result = vt_probe_start(&probe, "127.0.0.1", port);
    if (result == VT_PROBE_PENDING)
        result = follow(&probe, 1000);
    assert_int_equal(result, VT_PROBE_ALIVE);
}

static void giving_up_tells_what_is_known(void **state)
{
    struct vt_probe probe = VT_PROBE_INIT;
    unsigned port;
    int listener = listen_here(&port);

    (void)state;
    assert_int_equal(vt_probe_stop(&probe), VT_PROBE_SILENT);
    assert_int_equal(vt_probe_start(&probe, "no address", 22), VT_PROBE_SILENT);
    assert_int_equal(vt_probe_start(&probe, "127.0.0.1", port), VT_PROBE_PENDING);
    assert_int_equal(vt_probe_stop(&probe), VT_PROBE_SILENT);
    assert_int_equal(vt_probe_start(&probe, "127.0.0.1", port), VT_PROBE_PENDING);
    assert_int_equal(follow(&probe, 100), VT_PROBE_PENDING);
    assert_int_equal(vt_probe_stop(&probe), VT_PROBE_ALIVE);
    (void)close(listener);
}

static void arp_shows_a_neighbour(void **state)
{
    static const char arp[] =
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.168.100.10   0x1         0x2         52:54:00:00:00:01     *        virbr1\n"
        "192.168.100.100  0x1         0x0         00:00:00:00:00:00     *        virbr1\n"
        "192.168.100.101  0x1         0x6         52:54:00:00:00:02     *        virbr1\n";

    (void)state;
    assert_true(vt_probe_is_neighbour(arp, "192.168.100.10"));
    assert_false(vt_probe_is_neighbour(arp, "192.168.100.100"));
    assert_true(vt_probe_is_neighbour(arp, "192.168.100.101"));
    assert_false(vt_probe_is_neighbour(arp, "192.168.100.1"));
    assert_false(vt_probe_is_neighbour("", "192.168.100.1"));
    assert_false(vt_probe_is_neighbour("\n\n\nx", "192.168.100.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_shows_an_ssh_server),
        cmocka_unit_test(a_flood_is_no_ssh_server),
        cmocka_unit_test(a_refusal_shows_a_network),
        cmocka_unit_test(giving_up_tells_what_is_known),
        cmocka_unit_test(arp_shows_a_neighbour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
