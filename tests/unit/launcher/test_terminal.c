/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes stand for the container's streams, and we are QEMU. */
#include "launcher/terminal.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

#include <cmocka.h>

#include "../run_for.h"
#include "../tempdir.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "host/worker.h"

#define MIB ((size_t)1 << 20)

/* The container's standard streams, seen from outside, and ours, to be restored. */
static int in_fd, out_fd, err_fd, saved[3];
/* QEMU's end of the console's pipe. */
static int qemu_fd;
static struct vt_terminal *terminal;
/* Where the guest's bytes are in their order: both ends count. */
static uint64_t sent, received;

static int init_loop(void **state)
{
    (void)state;
    return vt_loop_init(NULL);
}

/* Put a pipe at our descriptor @standard; returns its other end, which never blocks. */
static int replace(int standard, bool we_read)
{
    int fds[2], ours, theirs;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    ours = fds[we_read ? 0 : 1];
    theirs = fds[we_read ? 1 : 0];
    (void)fcntl(ours, F_SETFL, O_NONBLOCK);
    saved[standard] = fcntl(standard, F_DUPFD_CLOEXEC, 10);
    (void)dup2(theirs, standard);
    (void)close(theirs);
    return ours;
}

static int set_up_with(void **state, enum vt_log_format format)
{
    if (make_test_dir(state) < 0)
        return -1;
    in_fd = replace(STDIN_FILENO, false);
    out_fd = replace(STDOUT_FILENO, true);
    err_fd = replace(STDERR_FILENO, true);
    sent = received = 0;
    if (vt_terminal_new(&terminal, in_dir("console"), format, NULL) < 0)
        return -1;
    qemu_fd = open(in_dir("console"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return qemu_fd < 0 ? -1 : 0;
}

static int set_up(void **state)
{
    return set_up_with(state, VT_LOG_TEXT);
}

static int set_up_json(void **state)
{
    return set_up_with(state, VT_LOG_JSON);
}

static int tear_down(void **state)
{
    (void)close(qemu_fd);
    (void)close(in_fd);
    (void)close(out_fd);
    (void)close(err_fd);
    for (int i = 0; i < 3; i++) {
        (void)dup2(saved[i], i);
        (void)close(saved[i]);
    }
    return remove_test_dir(state);
}

/* The guest says @len bytes, each of which tells its place. Nothing may stop it for long. */
static void say(size_t len)
{
    uint8_t chunk[65536];

    for (int tries = 0; len > 0; tries++) {
        size_t n = len < sizeof(chunk) ? len : sizeof(chunk);
        ssize_t written;

        for (size_t i = 0; i < n; i++)
            chunk[i] = (uint8_t)((sent + i) % 251);
        written = write(qemu_fd, chunk, n);
        if (written > 0) {
            sent += (uint64_t)written;
            len -= (size_t)written;
            continue;
        }
        assert_int_equal(errno, EAGAIN);
        assert_true(tries < 10000);
        run_for(1);
    }
    /* it has been heard, all of it */
    for (int tries = 0, left = 1; left > 0; tries++) {
        assert_true(tries < 10000);
        run_for(1);
        assert_int_equal(ioctl(qemu_fd, FIONREAD, &left), 0);
    }
}

/*
 * Somebody reads up to @max bytes of the log, less only when no more come; checks that they are the
 * next ones that were said.
 */
static size_t listen_to(size_t max)
{
    size_t total = 0;

    for (int idle = 0; total < max && idle < 50; idle++) {
        uint8_t chunk[65536];
        ssize_t n = read(out_fd, chunk, max - total < sizeof(chunk) ? max - total : sizeof(chunk));

        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(chunk[i], (received + (uint64_t)i) % 251);
        if (n > 0) {
            received += (uint64_t)n;
            total += (size_t)n;
            idle = 0;
        }
        run_for(1);
    }
    return total;
}

/* What was logged since the call before. */
static const char *logged(void)
{
    static char text[65536];
    ssize_t n = read(err_fd, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void what_is_said_comes_out(void **state)
{
    (void)state;
    say(100);
    assert_int_equal(listen_to(100), 100);
    for (int i = 0; i < 50; i++) {
        say(50000);
        assert_int_equal(listen_to(50000), 50000);
    }
    assert_int_equal(listen_to(1), 0);
    assert_string_equal(logged(), "");
    vt_terminal_finish(terminal);
}

/* Nobody reads: the guest goes on, our memory stays, and what is lost is told. */
static void a_blocked_reader_stops_nothing(void **state)
{
    size_t before = mallinfo2().uordblks, used;
    VT_AUTO_FREE char *expected = NULL;

    (void)state;
    say(20 * MIB);
    used = mallinfo2().uordblks - before;
    assert_true(used < 3 * MIB);
    assert_string_equal(logged(), "");
    /* the oldest are kept: the first words of a crash, say */
    while (listen_to(MIB) > 0)
        ;
    assert_in_range(received, MIB, 2 * MIB);
    expected = vt_fmt("virtainer: warning: standard output was blocked: %llu bytes of the guest's "
                      "console were dropped\n",
                      (unsigned long long)(sent - received));
    assert_string_equal(logged(), expected);
    /* and it goes on */
    received = sent;
    say(1000);
    assert_int_equal(listen_to(1000), 1000);
    vt_terminal_finish(terminal);
}

/* Slower than the guest, but never a whole queue behind: nothing is lost. */
static void a_slow_reader_loses_nothing(void **state)
{
    (void)state;
    say(900 * 1024);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(listen_to(300 * 1024), 300 * 1024);
        say(300 * 1024);
    }
    while (listen_to(MIB) > 0)
        ;
    assert_int_equal(received, sent);
    assert_string_equal(logged(), "");
    vt_terminal_finish(terminal);
}

/* The engine has gone, or its log driver: the guest does not notice. */
static void nobody_is_there(void **state)
{
    (void)state;
    say(100);
    (void)close(out_fd);
    out_fd = -1;
    say(5 * MIB);
    assert_string_equal(logged(), "");
    vt_terminal_finish(terminal);
}

static void the_last_words_come_out(void **state)
{
    uint8_t words[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(words); i++)
        words[i] = (uint8_t)(i % 251);
    assert_int_equal(write(qemu_fd, words, sizeof(words)), sizeof(words));
    /* QEMU is gone before the loop comes to it */
    vt_terminal_finish(terminal);
    assert_int_equal(listen_to(sizeof(words)), sizeof(words));
}

static void the_pipe_is_made_anew(void **state)
{
    struct vt_terminal *other = NULL;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct stat st;

    (void)state;
    put_text(in_dir("other"), "left from an earlier run");
    assert_int_equal(vt_terminal_new(&other, in_dir("other"), VT_LOG_TEXT, NULL), 0);
    assert_int_equal(stat(in_dir("other"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(vt_terminal_new(&other, in_dir("none/console"), VT_LOG_TEXT, &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_INTERNAL);
}

/* ---- listeners ---- */

static void on_tapped(const char *text, size_t len, void *data)
{
    uint64_t *heard = data;

    for (size_t i = 0; i < len; i++)
        assert_int_equal((uint8_t)text[i], (*heard + i) % 251);
    *heard += len;
}

/* They hear all of it, also when nobody reads standard output. */
static void taps_hear_everything(void **state)
{
    uint64_t one = 0, two = 0;

    (void)state;
    vt_terminal_tap(terminal, on_tapped, &one);
    say(1000);
    assert_int_equal(one, sent);
    two = sent;
    vt_terminal_tap(terminal, on_tapped, &two);
    say(5 * MIB);
    assert_int_equal(one, sent);
    assert_int_equal(two, sent);
    vt_terminal_finish(terminal);
}

static void count_calls(const char *text, size_t len, void *data)
{
    (void)text;
    (void)len;
    (*(unsigned *)data)++;
}

static void say_a_byte(int timer, void *data)
{
    uint8_t byte = (uint8_t)(sent % 251);

    (void)timer;
    if (write(qemu_fd, &byte, 1) == 1)
        sent++;
    (*(unsigned *)data)++;
}

/* The first byte of a flood comes at once, the others together with their neighbours. */
static void single_bytes_are_gathered(void **state)
{
    unsigned calls = 0, said = 0;
    int timer;

    (void)state;
    vt_terminal_tap(terminal, count_calls, &calls);
    say(1);
    assert_int_equal(calls, 1);
    run_for(50);
    timer = vt_loop_add_timer(1, say_a_byte, &said);
    run_for(300);
    vt_loop_remove_timer(timer);
    assert_true(said > 20);
    assert_true(calls < 1 + said / 2);
    (void)listen_to(SIZE_MAX);
    assert_int_equal(received, sent);
}

static struct timespec stamp(void)
{
    struct stat st;

    assert_int_equal(stat(in_dir("console.stamp"), &st), 0);
    return st.st_mtim;
}

/* A clock that does not jump: whoever sets the other one makes no guest fall silent. */
static void the_stamp_has_the_time_of_the_last_output(void **state)
{
    const struct timespec past[] = {{1000, 0}, {1000, 0}};
    int64_t now;

    (void)state;
    assert_int_equal(stamp().tv_sec, 0);
    say(10);
    run_for(1100);
    /* no output: it is left alone */
    assert_int_equal(utimensat(AT_FDCWD, in_dir("console.stamp"), past, 0), 0);
    run_for(50);
    assert_int_equal(stamp().tv_sec, 1000);
    say(10);
    now = vt_now_ms() / 1000;
    assert_in_range(stamp().tv_sec, now - 1, now + 1);
    vt_terminal_finish(terminal);
}

/* ---- JSON ---- */

/* What came on standard output since the call before, without the times. */
static const char *objects(void)
{
    static char text[65536];
    ssize_t n = read(out_fd, text, sizeof(text) - 1);
    char *to = text;

    text[n > 0 ? n : 0] = '\0';
    for (const char *at = text; (at = strstr(at, "\"line\":")); at++) {
        size_t len = strcspn(at, "\n");

        memmove(to, at + 7, len - 7);
        to += len - 7;
    }
    *to = '\0';
    return text;
}

static void put(const char *text)
{
    assert_int_equal(write(qemu_fd, text, strlen(text)), strlen(text));
    run_for(20);
}

static void lines_come_as_objects(void **state)
{
    const char *shown = "";

    (void)state;
    put("one\r\ntwo\r\n");
    assert_string_equal(objects(), "\"one\"}\"two\"}");
    /* a prompt rests, and is shown; once */
    put("login: ");
    for (int tries = 0; !*shown && tries < 100; tries++) {
        run_for(50);
        shown = objects();
    }
    assert_string_equal(shown, "\"login: \",\"partial\":true}");
    run_for(600);
    assert_string_equal(objects(), "");
    put("root\r\n");
    assert_string_equal(objects(), "\"root\"}");
    put("the last");
    vt_terminal_finish(terminal);
    assert_string_equal(objects(), "\"the last\",\"partial\":true}");
}

/* Whatever is dropped, what comes out is whole lines, and what is lost is told. */
static void blocked_objects_are_whole(void **state)
{
    static char text[8 * MIB];
    size_t len = 0;

    (void)state;
    say(20 * MIB);
    for (int idle = 0; idle < 20; idle++) {
        ssize_t n = read(out_fd, text + len, sizeof(text) - 1 - len);

        if (n > 0) {
            len += (size_t)n;
            idle = 0;
        }
        run_for(1);
    }
    assert_in_range(len, MIB / 2, 3 * MIB);
    text[len] = '\0';
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_memory_equal(line, "{\"time\":\"", 9);
        assert_int_equal(end[-1], '}');
    }
    assert_non_null(strstr(logged(), "standard output was blocked: "));
    vt_terminal_finish(terminal);
}

/* ---- typing ---- */

static int notices[2];

/* Let the loop run until there have been @count of @notice. */
static void wait_for_notices(enum vt_console_notice notice, int count)
{
    for (int tries = 0; notices[notice] < count; tries++) {
        assert_true(tries < 5000);
        run_for(1);
    }
    run_for(10);
    assert_int_equal(notices[notice], count);
}

static void on_notice(enum vt_console_notice notice, void *data)
{
    assert_ptr_equal(data, notices);
    notices[notice]++;
}

static void on_event(enum vt_domain_event event, void *data)
{
    (void)event;
    (void)data;
}

static void on_lost(void *data)
{
    (void)data;
}

static struct vt_console *make_console(void)
{
    static struct vt_worker *worker;
    static struct vt_vm *vm;
    static struct vt_console *console;

    if (!console) {
        assert_int_equal(vt_worker_new(&worker, NULL), 0);
        vm = vt_vm_new("vm", on_event, on_lost, NULL);
        console = vt_console_new(vm, worker, on_notice, notices);
    }
    notices[VT_CONSOLE_BUSY] = notices[VT_CONSOLE_LOST] = 0;
    return console;
}

/* Without a libvirtd the console cannot be had: that is told once for each try, and no end. */
static void typing_without_a_console(void **state)
{
    (void)state;
    vt_terminal_attach(terminal, make_console());
    run_for(20);
    assert_int_equal(notices[VT_CONSOLE_BUSY], 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(write(in_fd, "hello\n", 6), 6);
        wait_for_notices(VT_CONSOLE_BUSY, i);
    }
    assert_int_equal(notices[VT_CONSOLE_LOST], 0);
    say(100);
    assert_int_equal(listen_to(100), 100);
    vt_terminal_finish(terminal);
}

/* As without `docker run -i`: it is at its end from the start. */
static void nobody_types(void **state)
{
    int64_t before;

    (void)state;
    (void)close(in_fd);
    in_fd = -1;
    vt_terminal_attach(terminal, make_console());
    run_for(10);
    before = (int64_t)clock();
    run_for(200);
    /* an ended input is not asked again and again */
    assert_true((int64_t)clock() - before < CLOCKS_PER_SEC / 20);
    say(100);
    assert_int_equal(listen_to(100), 100);
    assert_int_equal(notices[VT_CONSOLE_BUSY], 0);
    vt_terminal_finish(terminal);
}

static void a_terminal_is_raw_until_the_end(void **state)
{
    int ptm = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, meanwhile, after;
    int pts;

    (void)state;
    assert_true(ptm >= 0 && grantpt(ptm) == 0 && unlockpt(ptm) == 0);
    pts = open(ptsname(ptm), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pts >= 0);
    assert_int_equal(dup2(pts, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(tcgetattr(pts, &before), 0);
    assert_true(before.c_lflag & ECHO);
    vt_terminal_attach(terminal, make_console());
    assert_int_equal(tcgetattr(pts, &meanwhile), 0);
    assert_false(meanwhile.c_lflag & (ECHO | ICANON | ISIG));
    /* Ctrl-C is the guest's */
    assert_int_equal(write(ptm, "\x03", 1), 1);
    wait_for_notices(VT_CONSOLE_BUSY, 1);
    vt_terminal_finish(terminal);
    assert_int_equal(tcgetattr(pts, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_oflag, before.c_oflag);
    (void)close(pts);
    (void)close(ptm);
}

#define WITH_STREAMS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_JSON(test)    cmocka_unit_test_setup_teardown(test, set_up_json, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STREAMS(what_is_said_comes_out),
        WITH_STREAMS(a_blocked_reader_stops_nothing),
        WITH_STREAMS(a_slow_reader_loses_nothing),
        WITH_STREAMS(nobody_is_there),
        WITH_STREAMS(the_last_words_come_out),
        WITH_STREAMS(the_pipe_is_made_anew),
        WITH_STREAMS(typing_without_a_console),
        WITH_STREAMS(nobody_types),
        WITH_STREAMS(a_terminal_is_raw_until_the_end),
        WITH_STREAMS(taps_hear_everything),
        WITH_STREAMS(single_bytes_are_gathered),
        WITH_STREAMS(the_stamp_has_the_time_of_the_last_output),
        WITH_JSON(lines_come_as_objects),
        WITH_JSON(blocked_objects_are_whole),
    };

    return cmocka_run_group_tests(tests, init_loop, NULL);
}
