/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launcher's end of the control socket, and threads as the commands that talk to it. */
#include "launcher/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/loop.h"
#include "launcher/client.h"

static struct vt_control *control;

/* What the handlers were called with. */
static int stops;
static enum vt_stop_how stop_how;
static int64_t stop_grace;
static bool refuse_stops;
static struct vt_buf typed = VT_BUF_INIT(1 << 20);

static int on_stop(enum vt_stop_how how, int64_t grace, struct vt_error *err, void *data)
{
    assert_ptr_equal(data, &stops);
    stops++;
    stop_how = how;
    stop_grace = grace;
    if (refuse_stops)
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -EIO, "not now");
    vt_control_progress(control, "pressing");
    return 0;
}

static bool type_more = true;

static bool on_type(const char *text, size_t len, void *data)
{
    (void)data;
    vt_buf_add(&typed, text, len);
    return type_more;
}

static const struct vt_control_handlers handlers = {on_stop, on_type, &stops};

static int init_loop(void **state)
{
    (void)state;
    return vt_loop_init(NULL);
}

static int set_up(void **state)
{
    if (make_test_dir(state) < 0)
        return -1;
    stops = 0;
    refuse_stops = false;
    return vt_control_new(&control, in_dir("control"), &handlers, NULL);
}

static int tear_down(void **state)
{
    vt_control_finish(control, 0, NULL);
    control = NULL;
    vt_buf_done(&typed);
    return remove_test_dir(state);
}

static int turns;

static void quit(int timer, void *data)
{
    (void)timer;
    (void)data;
    if (--turns == 0)
        vt_loop_quit();
}

/* Let the loop do what there is to do: on a slow machine too it goes round several times. */
static void run_loop(void)
{
    int timer = vt_loop_add_timer(1, quit, NULL);

    turns = 5;
    assert_int_equal(vt_loop_run(NULL), 0);
    vt_loop_remove_timer(timer);
}

/* A connection that says @text. */
static int say(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_dir("control"));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* What has come on @fd; "|EOF" at its end. */
static const char *heard(int fd)
{
    static char text[65536];
    size_t len = 0;
    ssize_t n;

    run_loop();
    do {
        n = read(fd, text + len, sizeof(text) - len - 8);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    (void)snprintf(text + len, 8, "%s", n == 0 ? "|EOF" : errno == EAGAIN ? "" : "|ERR");
    return text;
}

static void a_stop(void **state)
{
    int fd = say("{\"command\":\"stop\",\"how\":\"save\",\"grace\":7}\n");

    (void)state;
    assert_string_equal(heard(fd), "{\"accepted\":true}\n{\"progress\":\"pressing\"}\n");
    assert_int_equal(stops, 1);
    assert_int_equal(stop_how, VT_HOW_SAVE);
    assert_int_equal(stop_grace, 7);
    vt_control_progress(control, "80 s left");
    assert_string_equal(heard(fd), "{\"progress\":\"80 s left\"}\n");
    vt_control_finish(control, 71, "forced off");
    control = NULL;
    assert_string_equal(heard(fd), "{\"status\":71,\"error\":\"forced off\"}\n|EOF");
    assert_int_equal(access(in_dir("control"), F_OK), -1);
    (void)close(fd);
}

static void a_refused_stop(void **state)
{
    int fd = say("{\"command\":\"stop\"}\n");

    (void)state;
    refuse_stops = true;
    assert_string_equal(heard(fd),
                        "{\"accepted\":true}\n{\"status\":60,\"error\":\"not now\"}\n|EOF");
    (void)close(fd);
    run_loop();
}

/* In pieces, half closed, several at once: each gets its answers. */
static void odd_clients(void **state)
{
    int pieces = say("{\"comm"), half = say("{\"command\":\"wait\"}\n"), gone = say("{\"command\"");
    int rude = say("{\"command\":\"stop\"}\n");

    (void)state;
    (void)close(rude);
    (void)close(gone);
    assert_int_equal(shutdown(half, SHUT_WR), 0);
    assert_string_equal(heard(pieces), "");
    assert_int_equal(stops, 1); /* who has gone has asked all the same */
    assert_int_equal(write(pieces, "and\":\"wait\"}\n", 13), 13);
    assert_string_equal(heard(pieces), "{\"accepted\":true}\n");
    vt_control_progress(control, "one");
    assert_string_equal(
        heard(half), "{\"accepted\":true}\n{\"progress\":\"pressing\"}\n{\"progress\":\"one\"}\n");
    vt_control_finish(control, 0, NULL);
    control = NULL;
    assert_string_equal(heard(half), "{\"status\":0}\n|EOF");
    assert_string_equal(heard(pieces), "{\"progress\":\"one\"}\n{\"status\":0}\n|EOF");
    (void)close(half);
    (void)close(pieces);
}

static void nonsense(void **state)
{
    int fd = say("hello\n");
    VT_AUTO_FREE char *much = vt_calloc(1, VT_PROTOCOL_LINE_MAX + 2);

    (void)state;
    assert_string_equal(heard(fd),
                        "{\"status\":2,\"error\":\"not a request: give one JSON object on "
                        "one line\"}\n|EOF");
    (void)close(fd);
    memset(much, 'x', VT_PROTOCOL_LINE_MAX + 1);
    fd = say(much);
    assert_string_equal(heard(fd),
                        "{\"status\":2,\"error\":\"not a request: its line is too long\"}\n|EOF");
    (void)close(fd);
    assert_int_equal(stops, 0);
    run_loop();
}

/* More silent clients than there is place for: the first go, and a stop is heard. */
static void a_crowd(void **state)
{
    int silent[100], fd;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(silent); i++) {
        silent[i] = say("{");
        run_loop();
    }
    assert_string_equal(heard(silent[0]), "|EOF");
    assert_string_equal(heard(silent[99]), "");
    fd = say("{\"command\":\"stop\"}\n");
    assert_string_equal(heard(fd), "{\"accepted\":true}\n{\"progress\":\"pressing\"}\n");
    (void)close(fd);
    for (size_t i = 0; i < VT_ARRAY_SIZE(silent); i++)
        (void)close(silent[i]);
    run_loop();
}

/* All of them at work: nobody is thrown out, and who comes is told. */
static void a_full_house(void **state)
{
    int busy[32], fd;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(busy); i++) {
        busy[i] = say("{\"command\":\"wait\"}\n");
        run_loop();
    }
    fd = say("{\"command\":\"stop\"}\n");
    assert_non_null(strstr(heard(fd), "{\"status\":1,\"error\":\"too many commands"));
    (void)close(fd);
    for (size_t i = 0; i < VT_ARRAY_SIZE(busy); i++) {
        assert_string_equal(heard(busy[i]), "{\"accepted\":true}\n");
        (void)close(busy[i]);
    }
    run_loop();
    fd = say("{\"command\":\"stop\"}\n");
    assert_string_equal(heard(fd), "{\"accepted\":true}\n{\"progress\":\"pressing\"}\n");
    (void)close(fd);
}

/* ---- consoles ---- */

static void consoles(void **state)
{
    int one, two;

    (void)state;
    vt_control_console(control, "early words", 11);
    one = say("{\"command\":\"console\",\"history\":5}\nls\n");
    two = say("{\"command\":\"console\"}\n");
    assert_string_equal(heard(one), "{\"accepted\":true}\nwords");
    assert_string_equal(heard(two), "{\"accepted\":true}\n");
    assert_string_equal(vt_buf_str(&typed), "ls\n");
    vt_control_console(control, "file\r\n", 6);
    assert_string_equal(heard(one), "file\r\n");
    assert_string_equal(heard(two), "file\r\n");
    assert_int_equal(write(two, "pwd\n", 4), 4);
    vt_control_console_notice(control, "busy");
    assert_string_equal(heard(one), "\r\n[virtainer: busy]\r\n");
    assert_string_equal(vt_buf_str(&typed), "ls\npwd\n");
    (void)close(one);
    run_loop();
    vt_control_console(control, "bye", 3);
    vt_control_finish(control, 0, NULL);
    control = NULL;
    assert_string_equal(heard(two), "\r\n[virtainer: busy]\r\nbye|EOF");
    (void)close(two);
}

/* The guest does not take what is typed: who types waits, and nothing is lost. */
static void typing_too_much(void **state)
{
    int one = say("{\"command\":\"console\"}\n"), two = say("{\"command\":\"console\"}\n");

    (void)state;
    run_loop();
    type_more = false;
    assert_int_equal(write(one, "a", 1), 1);
    run_loop();
    assert_int_equal(write(one, "b", 1), 1);
    assert_int_equal(write(two, "c", 1), 1);
    run_loop();
    assert_string_equal(vt_buf_str(&typed), "a");
    /* what the guest says comes all the same */
    vt_control_console(control, "hello", 5);
    assert_string_equal(heard(one), "{\"accepted\":true}\nhello");
    type_more = true;
    vt_control_resume(control);
    run_loop();
    assert_int_equal(typed.len, 3);
    (void)close(one);
    (void)close(two);
    run_loop();
}

/* The guest's last 32 KiB at least are there for who asks, and never more than is kept. */
static void history(void **state)
{
    char chunk[7000];
    int fd;

    (void)state;
    for (int i = 0; i < 100; i++) {
        memset(chunk, 'a' + i % 26, sizeof(chunk));
        vt_control_console(control, chunk, sizeof(chunk));
    }
    fd = say("{\"command\":\"console\",\"history\":16000}\n");
    run_loop();
    assert_int_equal(strlen(heard(fd)), 18 + 16000);
    (void)close(fd);
    fd = say("{\"command\":\"console\",\"history\":7001}\n");
    assert_string_equal(heard(fd) + 18 + 7001 - 2, "vv"); /* the 100th is 'v' */
    assert_int_equal(heard(fd)[0], '\0');
    (void)close(fd);
    run_loop();
}

/* One that does not read loses some, is told how much, and the others lose nothing. */
static void a_slow_console(void **state)
{
    int slow = say("{\"command\":\"console\"}\n"), good = say("{\"command\":\"console\"}\n");
    size_t said = 0, got = 0, dropped = 0, good_got = 0;
    char chunk[8192];
    const char *note = NULL;

    (void)state;
    memset(chunk, '.', sizeof(chunk));
    run_loop();
    for (; said < 2000000; said += sizeof(chunk)) {
        vt_control_console(control, chunk, sizeof(chunk));
        good_got += strlen(heard(good));
    }
    assert_int_equal(good_got, said + 18);
    for (int i = 0; i < 20; i++) {
        const char *text = heard(slow);

        note = strstr(text, "[virtainer: ");
        if (note)
            dropped = strtoul(note + 12, NULL, 10);
        for (; *text; text++)
            got += *text == '.';
    }
    assert_true(dropped > 1000000);
    assert_int_equal(got + dropped, said);
    (void)close(slow);
    (void)close(good);
    run_loop();
}

/* ---- the commands' end ---- */

struct stop_call {
    struct vt_request request;
    bool wait;
    int result;
    char *error;
    struct vt_error err;
};

static char heard_progress[256];

static void on_progress(const char *text)
{
    size_t len = strlen(heard_progress);

    (void)snprintf(heard_progress + len, sizeof(heard_progress) - len, "%s\n", text);
}

/* Until the request has come, and its answer has gone. */
static void run_for_thread(void)
{
    for (int tries = 0; stops == 0; tries++) {
        assert_true(tries < 2000);
        run_loop();
    }
    run_loop();
}

static void *run_stop(void *data)
{
    struct stop_call *call = data;

    call->result = vt_client_stop(in_dir("control"), &call->request, call->wait, on_progress,
                                  &call->error, &call->err);
    return NULL;
}

static void the_stop_command(void **state)
{
    struct stop_call call = {.request = {VT_REQUEST_STOP, VT_HOW_POWEROFF, 3, 0}, .wait = true};
    pthread_t thread;

    (void)state;
    heard_progress[0] = '\0';
    assert_int_equal(pthread_create(&thread, NULL, run_stop, &call), 0);
    run_for_thread();
    assert_int_equal(stop_how, VT_HOW_POWEROFF);
    assert_int_equal(stop_grace, 3);
    vt_control_progress(control, "2 s left");
    vt_control_finish(control, 71, "forced off");
    control = NULL;
    (void)pthread_join(thread, NULL);
    assert_int_equal(call.result, 71);
    assert_string_equal(call.error, "forced off");
    assert_string_equal(heard_progress, "pressing\n2 s left\n");
    free(call.error);
}

static void the_stop_command_without_waiting(void **state)
{
    struct stop_call call = {.request = {.kind = VT_REQUEST_STOP, .grace = -1}};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, run_stop, &call), 0);
    run_for_thread();
    (void)pthread_join(thread, NULL);
    assert_int_equal(call.result, 0);
    assert_int_equal(stops, 1);
}

/* The launcher ends before it came to hear the request. */
static void a_stop_in_the_backlog(void **state)
{
    struct stop_call call = {.request = {.kind = VT_REQUEST_STOP, .grace = -1}, .wait = true};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, run_stop, &call), 0);
    (void)nanosleep(&(struct timespec){0, 100000000}, NULL);
    vt_control_finish(control, 0, NULL);
    control = NULL;
    (void)pthread_join(thread, NULL);
    assert_int_equal(call.result, 0);
    assert_null(call.error);
    assert_int_equal(stops, 0);
}

static void nobody_listens(void **state)
{
    const struct vt_request request = {.kind = VT_REQUEST_WAIT};
    struct vt_client client = VT_CLIENT_INIT;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_client_open(&client, in_dir("none"), &request, &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
    assert_non_null(strstr(err.msg, "no virtainer runs here"));
}

/* Whoever cannot read the directory's owner's mind can still not connect. */
static void only_root_may(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(in_dir("control"), &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(vt_client_launcher(&(struct vt_client){.fd = -1}), -EBADF);
}

#define WITH_CONTROL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONTROL(a_stop),
        WITH_CONTROL(a_refused_stop),
        WITH_CONTROL(odd_clients),
        WITH_CONTROL(nonsense),
        WITH_CONTROL(a_crowd),
        WITH_CONTROL(a_full_house),
        WITH_CONTROL(consoles),
        WITH_CONTROL(typing_too_much),
        WITH_CONTROL(history),
        WITH_CONTROL(a_slow_console),
        WITH_CONTROL(the_stop_command),
        WITH_CONTROL(the_stop_command_without_waiting),
        WITH_CONTROL(a_stop_in_the_backlog),
        WITH_CONTROL(nobody_listens),
        WITH_CONTROL(only_root_may),
    };

    return cmocka_run_group_tests(tests, init_loop, NULL);
}
