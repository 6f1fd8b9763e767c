/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fetch.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "helpers.h"

enum { SIZE = 1000003 };

static uint8_t content[SIZE];
static pid_t server;
static char site[64];

/* --- a server with a few bad habits, in a child
 * ---------------------------------------------------------------- */

static void send_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void send_content(int fd, size_t announced, size_t sent)
{
    VT_AUTO_FREE char *head = vt_fmt("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                     "Content-Length: %zu\r\n\r\n",
                                     announced);

    send_text(fd, head);
    send_all(fd, content, sent);
}

static void answer(int fd, const char *path)
{
    if (vt_streq(path, "/ok"))
        send_content(fd, SIZE, SIZE);
    else if (vt_streq(path, "/short"))
        send_content(fd, SIZE, SIZE / 2);
    else if (vt_streq(path, "/redirect"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /ok\r\nContent-Length: "
                      "0\r\n\r\n");
    else if (vt_streq(path, "/loop"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: "
                      "/loop\r\nContent-Length: 0\r\n\r\n");
    else if (vt_streq(path, "/to-file"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: file:///etc/passwd\r\n"
                      "Content-Length: 0\r\n\r\n");
    else if (vt_streq(path, "/stall")) {
        send_content(fd, SIZE, 1000);
        (void)sleep(60);
    } else
        send_text(fd,
                  "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnope");
}

static void serve(int listener)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        char request[4096], path[256];
        int fd = accept(listener, NULL, NULL);
        ssize_t n = fd < 0 ? -1 : read(fd, request, sizeof(request) - 1);

        if (n > 0) {
            request[n] = '\0';
            if (sscanf(request, "GET %255s", path) == 1)
                answer(fd, path);
        }
        if (fd >= 0)
            (void)close(fd);
    }
}

static int start_server(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    /* A proxy of the surroundings would not reach this server. */
    if (setenv("no_proxy", "*", 1) < 0 || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 8) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        return -1;
    fill_noise(content, SIZE, 7);
    (void)snprintf(site, sizeof(site), "http://127.0.0.1:%u", ntohs(address.sin_port));
    server = fork();
    if (server == 0)
        serve(listener);
    (void)close(listener);
    return server < 0 ? -1 : 0;
}

static int stop_server(void **state)
{
    (void)state;
    (void)kill(server, SIGKILL);
    return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* --- the tests
 * -------------------------------------------------------------------------------------------------
 */

static int get(const char *path, const char *checksum, int cancel_fd,
               const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_FREE char *url = vt_fmt("%s%s", site, path);

    return vt_image_fetch(url, in_dir("out"), checksum, cancel_fd, progress, err);
}

static void assert_content(void)
{
    VT_AUTO_FREE char *got = NULL;
    struct stat st;
    size_t len;

    assert_int_equal(vt_file_read(in_dir("out"), SIZE, &got, &len), 0);
    assert_int_equal(len, SIZE);
    assert_memory_equal(got, content, SIZE);
    assert_int_equal(stat(in_dir("out"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(count_files(dir), 1);
}

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    assert_string_equal(what, "downloading");
    assert_true(total == 0 || total == SIZE);
    *(uint64_t *)data = done;
}

static void test_http(void **state)
{
    static const char *const paths[] = {"/ok", "/redirect"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(paths); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        uint64_t done = 0;
        struct vt_progress progress = {on_step, &done};

        put_text(in_dir("out.part-abcdef"), "of a run that was killed");
        assert_ok(get(paths[i], NULL, -1, &progress, &err), &err);
        assert_int_equal(done, SIZE);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

static void test_file(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *url = NULL;

    (void)state;
    put_file(in_dir("in"), content, SIZE);
    url = vt_fmt("file://%s", in_dir("in"));
    assert_ok(vt_image_fetch(url, in_dir("out"), NULL, -1, NULL, &err), &err);
    assert_int_equal(unlink(in_dir("in")), 0);
    assert_content();
    /* It is there, so that nothing is asked for. */
    assert_ok(vt_image_fetch(url, in_dir("out"), NULL, -1, NULL, &err), &err);
    assert_content();
}

static void test_checksum(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *said = NULL;
    const char *wrong = "sha256:00000000000000000000000000000000000000000000000000000000000000FF";

    (void)state;
    assert_int_equal(get("/ok", wrong, -1, NULL, &err), -EBADMSG);
    assert_int_equal(count_files(dir), 0);
    /* The message tells the right one. */
    said = vt_strndup(strstr(err.msg, "sha256:"), strlen(wrong));
    ASSERT_FAILED(-1, err, VT_CAUSE_FETCH, "/ok has sha256:", "nothing of it was kept");
    for (char *c = said + 7; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    assert_ok(get("/ok", said, -1, NULL, &err), &err);
    assert_content();
    assert_int_equal(unlink(in_dir("out")), 0);
    ASSERT_FAILED(get("/ok", "md5:00", -1, NULL, &err), err, VT_CAUSE_USAGE,
                  "IMAGE_CHECKSUM=md5:00");
    ASSERT_FAILED(get("/ok", "sha256:0", -1, NULL, &err), err, VT_CAUSE_USAGE, "64");
    assert_int_equal(count_files(dir), 0);
}

static void test_errors(void **state)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"/none", "404"},
        {"/short", ""},
        {"/loop", "redirect"},
        {"/to-file", "Protocol \"file\" "}}; /* "not supported", or "disabled", by version */

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        ASSERT_FAILED(get(cases[i].path, NULL, -1, NULL, &err), err, VT_CAUSE_FETCH, cases[i].path,
                      cases[i].text);
        assert_int_equal(count_files(dir), 0);
    }
}

static void test_bad_urls(void **state)
{
    static const struct {
        const char *url;
        enum vt_cause cause;
    } cases[] = {
        {"http://127.0.0.1:1/a", VT_CAUSE_FETCH},
        {"file:///nowhere/at/all", VT_CAUSE_FETCH},
        {"http://no-such-host.invalid/a", VT_CAUSE_FETCH},
        {"ftp://127.0.0.1/a", VT_CAUSE_USAGE},
        {"gopher://127.0.0.1/a", VT_CAUSE_USAGE},
        {"http://", VT_CAUSE_USAGE},
        {"", VT_CAUSE_USAGE},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        ASSERT_FAILED(vt_image_fetch(cases[i].url, in_dir("out"), NULL, -1, NULL, &err), err,
                      cases[i].cause, cases[i].url);
        assert_int_equal(count_files(dir), 0);
    }
}

static void test_full(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(vt_image_fetch("file:///dev/null", in_dir("none/out"), NULL, -1, NULL, &err), err,
                  VT_CAUSE_DATA_DIR, in_dir("none/out"));
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A stop arrives 200 ms into a download whose server sends no more. */
static void test_cancel(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fds[2], r;
    int64_t begin = now_ms();
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        (void)usleep(200000);
        _exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
    }
    r = get("/stall", NULL, fds[0], NULL, &err);
    assert_int_equal(r, -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    assert_true(now_ms() - begin < 1000);
    assert_int_equal(count_files(dir), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_http),     IN_DIR(test_file), IN_DIR(test_checksum), IN_DIR(test_errors),
        IN_DIR(test_bad_urls), IN_DIR(test_full), IN_DIR(test_cancel),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
