/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/greeting.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/str.h"

/* A server on a port of the kernel's choice. */
static int listen_somewhere(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

/* A child that takes one connection, says @first and, a moment later, @second, and hangs up. */
static pid_t serve(int server, const char *first, const char *second)
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd = accept(server, NULL, NULL);

        (void)!write(fd, first, strlen(first));
        (void)usleep(50000);
        (void)!write(fd, second, strlen(second));
        _exit(0);
    }
    return pid;
}

static void what_a_server_says_first(void **state)
{
    static const struct {
        const char *first, *second;
        int result;
    } rows[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", "", 0},
        {"SS", "H-2.0", 0},
        {"220 mail\r\n", "", -EPROTO},
        {"SSX-", "", -EPROTO},
        {"", "", -EPROTO},
        {"SSH", "", -EPROTO},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        uint16_t port;
        int server = listen_somewhere(&port);
        pid_t pid = serve(server, rows[i].first, rows[i].second);

        assert_int_equal(vt_greeting_await("127.0.0.1", port, "SSH-", 5000), rows[i].result);
        (void)close(server);
        (void)waitpid(pid, NULL, 0);
    }
}

static void nobody_and_silence(void **state)
{
    uint16_t port;
    int server = listen_somewhere(&port);

    (void)state;
    assert_int_equal(vt_greeting_await("127.0.0.1", port, "SSH-", 100), -ETIMEDOUT);
    (void)close(server);
    assert_int_equal(vt_greeting_await("127.0.0.1", port, "SSH-", 1000), -ECONNREFUSED);
    assert_int_equal(vt_greeting_await("nowhere", port, "SSH-", 1000), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_says_first),
        cmocka_unit_test(nobody_and_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
