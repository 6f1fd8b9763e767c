/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTTP server on loopback, in the real loop, with clients that behave and clients that do not.
 */
#include "launcher/phone_home_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"
#include "base/str.h"
#include "host/loop.h"

#define PATH "/phone-home/0123456789abcdef"
#define TYPE "Content-Type: application/x-www-form-urlencoded\r\n"

static unsigned port;
static unsigned calls;
static char last_instance[64];
static size_t last_keys;

static void on_call(const struct vt_phone_call *call, void *data)
{
    (void)data;
    calls++;
    last_keys = call->keys.count;
    (void)snprintf(last_instance, sizeof(last_instance), "%s", call->instance_id);
}

static int start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct vt_phone_home *phone;
    struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_loop_init(&err), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    port = ntohs(address.sin_port);
    assert_int_equal(vt_phone_home_serve(&phone, fd, PATH, 1, &err), 0);
    vt_phone_home_on_call(phone, on_call, NULL);
    return 0;
}

static void on_over(int timer, void *data)
{
    (void)timer;
    (void)data;
    vt_loop_quit();
}

/* Let the loop run for @ms. */
static void serve(int ms)
{
    int timer = vt_loop_add_timer(ms, on_over, NULL);
    struct vt_error err = VT_ERROR_INIT;

    assert_int_equal(vt_loop_run(&err), 0);
    vt_loop_remove_timer(timer);
}

static int connect_to_it(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_true(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
                errno == EINPROGRESS);
    return fd;
}

/* Send @request and return the status of the answer, 0 for none; the connection is closed. */
static int ask(const char *request, size_t len)
{
    char answer[512] = "";
    int fd = connect_to_it(), status = 0;
    size_t done = 0;

    /* A first packet that met a full queue is sent again after a second. */
    for (int i = 0; i < 400 && status == 0; i++) {
        ssize_t n = send(fd, request + done, len - done, MSG_NOSIGNAL);

        done += n > 0 ? (size_t)n : 0;
        serve(10);
        if (recv(fd, answer, sizeof(answer) - 1, 0) == 0)
            break;
        (void)sscanf(answer, "HTTP/1.1 %3d", &status);
    }
    (void)close(fd);
    serve(10);
    return status;
}

static int post(const char *path, const char *headers, const char *body)
{
    VT_AUTO_FREE char *request =
        vt_fmt("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
               strlen(body), body);

    return ask(request, strlen(request));
}

#define FORM                                                                                     \
    "instance_id=i-1&hostname=h&pub_key_ed25519=ssh-ed25519+AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr%" \
    "2BQuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1H+root%40h%0A"

static void a_form_is_taken(void **state)
{
    (void)state;
    calls = 0;
    assert_int_equal(post(PATH, TYPE, FORM), 200);
    assert_int_equal(calls, 1);
    assert_string_equal(last_instance, "i-1");
    assert_int_equal(last_keys, 1);
    /* the last field alone, without a line's end */
    assert_int_equal(post(PATH, TYPE, "instance_id=i-2"), 200);
    assert_string_equal(last_instance, "i-2");
    assert_int_equal(calls, 2);
}

static void all_else_is_refused(void **state)
{
    VT_AUTO_FREE char *huge = vt_fmt("instance_id=i&x=%0100000d", 1);
    static const char get[] = "GET " PATH " HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char garbage[] = "\x16\x03\x01\x02garbage\r\n\r\n";
    static const char chunked[] =
        "POST " PATH " HTTP/1.1\r\nHost: x\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\nzzzz\r\n";

    (void)state;
    calls = 0;
    assert_int_equal(post("/", TYPE, FORM), 404);
    assert_int_equal(post(PATH "0", TYPE, FORM), 404);
    assert_int_equal(post("/phone-home/", TYPE, FORM), 404);
    assert_int_equal(post(PATH, "", FORM), 415);
    assert_int_equal(post(PATH, "Content-Type: application/json\r\n", "{}"), 415);
    assert_int_equal(post(PATH, TYPE, "hostname=x"), 400);
    assert_int_equal(post(PATH, TYPE, "instance_id=%00%01"), 400);
    assert_int_equal(post(PATH, TYPE, huge), 0);
    assert_int_equal(ask(get, strlen(get)), 405);
    assert_true(ask(garbage, strlen(garbage)) != 200);
    assert_true(ask(chunked, strlen(chunked)) != 200);
    assert_int_equal(calls, 0);
    assert_int_equal(post(PATH, TYPE, FORM), 200);
}

/* Thousands of connections: so many are held as are allowed, and those who come after they went are
 * served again. */
static void a_flood_of_connections_is_outlived(void **state)
{
    enum { MANY = 900 };
    int fds[MANY];

    (void)state;
    calls = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            fds[i] = connect_to_it();
            if (i % 2)
                (void)send(fds[i], "POST " PATH, 5, MSG_NOSIGNAL);
            if (i % 100 == 0)
                serve(1);
        }
        for (int i = 0; i < MANY; i++)
            (void)close(fds[i]);
    }
    serve(300);
    assert_int_equal(calls, 0);
    assert_int_equal(post(PATH, TYPE, FORM), 200);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_taken),
        cmocka_unit_test(all_else_is_refused),
        cmocka_unit_test(a_flood_of_connections_is_outlived),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
