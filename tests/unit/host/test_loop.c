/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "../run_for.h"
#include "base/str.h"
#include "host/spawn.h"

#define SH(script) ((const char *const[]){"sh", "-c", (script), NULL})

/* Everything here has happened long before; a test that waits for what does not come ends so. */
#define TOO_LONG 10000

static void on_too_long(int timer, void *data)
{
    (void)timer;
    (void)data;
    fail_msg("nothing happened");
}

/* Run the loop until somebody quits it. */
static void run(void)
{
    int timer = vt_loop_add_timer(TOO_LONG, on_too_long, NULL);

    assert_int_equal(vt_loop_run(NULL), 0);
    vt_loop_remove_timer(timer);
}

static int init(void **state)
{
    (void)state;
    return vt_loop_init(NULL);
}

static pid_t spawn(const char *script)
{
    const struct vt_spawn spawn = {.argv = SH(script)};
    pid_t pid = vt_spawn(&spawn, NULL);

    assert_true(pid > 0);
    return pid;
}

/* Let the loop run until it has reaped @pid. */
static void run_until_gone(pid_t pid)
{
    for (int tries = 0; kill(pid, 0) == 0; tries++) {
        assert_true(tries < TOO_LONG);
        run_for(1);
    }
}

/* ---- timers and descriptors ---- */

static void count_calls(int timer, void *data)
{
    int *calls = data;

    (void)timer;
    if (++*calls == 3)
        vt_loop_quit();
}

static void a_timer_comes_again(void **state)
{
    int calls = 0;
    int timer = vt_loop_add_timer(5, count_calls, &calls);

    (void)state;
    assert_true(timer >= 0);
    run();
    assert_int_equal(calls, 3);
    vt_loop_remove_timer(timer);
    run_for(30);
    assert_int_equal(calls, 3);
}

static void a_timer_sleeps_until_it_is_updated(void **state)
{
    int calls = 0;
    int timer = vt_loop_add_timer(-1, count_calls, &calls);

    (void)state;
    run_for(30);
    assert_int_equal(calls, 0);
    vt_loop_update_timer(timer, 1);
    run();
    vt_loop_update_timer(timer, -1);
    run_for(30);
    assert_int_equal(calls, 3);
    vt_loop_remove_timer(timer);
}

static unsigned seen;

static void note_events(int watch, int fd, unsigned events, void *data)
{
    char bytes[16];

    (void)watch;
    seen = events;
    if (events & VT_EVENT_READ)
        (void)!read(fd, bytes, sizeof(bytes));
    assert_ptr_equal(data, &seen);
    vt_loop_quit();
}

static void descriptors_are_watched(void **state)
{
    int fds[2], watch;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    watch = vt_loop_add_fd(fds[0], VT_EVENT_READ, note_events, &seen);
    assert_true(watch >= 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run();
    assert_int_equal(seen, VT_EVENT_READ);
    /* not asked for: not told */
    vt_loop_update_fd(watch, 0);
    seen = 0;
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_for(20);
    assert_int_equal(seen, 0);
    vt_loop_update_fd(watch, VT_EVENT_READ);
    run();
    assert_int_equal(seen, VT_EVENT_READ);
    (void)close(fds[1]);
    run();
    assert_true(seen & VT_EVENT_HANGUP);
    vt_loop_remove_fd(watch);
    seen = 0;
    run_for(20);
    assert_int_equal(seen, 0);
    (void)close(fds[0]);
}

static void room_for_writing_is_told(void **state)
{
    int fds[2], watch;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    watch = vt_loop_add_fd(fds[1], VT_EVENT_WRITE, note_events, &seen);
    seen = 0;
    run();
    assert_int_equal(seen, VT_EVENT_WRITE);
    vt_loop_remove_fd(watch);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* ---- children ---- */

struct ended {
    pid_t pid;
    int status;
    int calls;
};

static void on_ended(pid_t pid, int status, void *data)
{
    struct ended *ended = data;

    *ended = (struct ended){pid, status, ended->calls + 1};
    vt_loop_quit();
}

static void a_watched_child_ends(void **state)
{
    struct ended ended = {0};
    pid_t pid = spawn("sleep 0.05; exit 3");

    (void)state;
    vt_loop_watch_child(pid, on_ended, &ended);
    run();
    assert_int_equal(ended.pid, pid);
    assert_true(WIFEXITED(ended.status));
    assert_int_equal(WEXITSTATUS(ended.status), 3);
    run_for(20);
    assert_int_equal(ended.calls, 1);
}

static void a_watched_child_is_killed(void **state)
{
    struct ended ended = {0};
    pid_t pid = spawn("exec sleep 30");

    (void)state;
    vt_loop_watch_child(pid, on_ended, &ended);
    assert_int_equal(kill(pid, SIGKILL), 0);
    run();
    assert_true(WIFSIGNALED(ended.status));
    assert_int_equal(WTERMSIG(ended.status), SIGKILL);
}

/* Reaped by the loop before anybody asked: its status is kept. */
static void a_child_ends_before_it_is_watched(void **state)
{
    struct ended ended = {0};
    pid_t pid = spawn("exit 5");

    (void)state;
    run_until_gone(pid);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    vt_loop_watch_child(pid, on_ended, &ended);
    assert_int_equal(ended.calls, 1);
    assert_int_equal(ended.pid, pid);
    assert_int_equal(WEXITSTATUS(ended.status), 5);
}

static void a_forgotten_child_is_reaped(void **state)
{
    struct ended ended = {0};
    pid_t pid = spawn("sleep 0.02");

    (void)state;
    vt_loop_watch_child(pid, on_ended, &ended);
    vt_loop_forget_child(pid);
    run_until_gone(pid);
    assert_int_equal(ended.calls, 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* A process with exactly the number @pid, which sleeps; -1 where the kernel does not allow it. */
static pid_t sleeper_with_number(pid_t pid)
{
    struct clone_args args = {
        .exit_signal = SIGCHLD,
        .set_tid = (uint64_t)(uintptr_t)&pid,
        .set_tid_size = 1,
    };
    long r = syscall(SYS_clone3, &args, sizeof(args));

    if (r == 0) {
        for (;;)
            (void)pause();
    }
    return (pid_t)r;
}

/* A status that was kept for nobody is not taken for that of a later child with the same number. */
static void a_number_comes_again(void **state)
{
    struct ended ended = {0};
    pid_t pid = spawn("exit 5");

    (void)state;
    run_until_gone(pid);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    if (sleeper_with_number(pid) < 0)
        skip();
    vt_loop_watch_child(pid, on_ended, &ended);
    run_for(20);
    assert_int_equal(ended.calls, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    run();
    assert_int_equal(ended.pid, pid);
    assert_true(WIFSIGNALED(ended.status));
}

/* More children that nobody asks for than the list keeps: the watched one is still told. */
static void many_children_are_reaped(void **state)
{
    struct ended ended = {0};
    pid_t others[100], watched = spawn("exec sleep 30");

    (void)state;
    vt_loop_watch_child(watched, on_ended, &ended);
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++)
        others[i] = spawn("exit 1");
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++)
        run_until_gone(others[i]);
    assert_int_equal(ended.calls, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
    assert_int_equal(kill(watched, SIGKILL), 0);
    run();
    assert_int_equal(ended.pid, watched);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A daemon that detaches itself, as QEMU does: its parent ends, and it becomes ours. */
static void an_orphan_becomes_ours(void **state)
{
    static const char script[] = "sh -c 'sleep 0.1; exit 9' >&- & echo $!";
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(100);
    struct ended ended = {0};
    uint64_t pid;

    (void)state;
    assert_int_equal(vt_run(SH(script), &out, NULL, -1, TOO_LONG, NULL), 0);
    out.data[strcspn(out.data, "\n")] = '\0';
    assert_int_equal(vt_parse_u64(out.data, INT32_MAX, &pid), 0);
    vt_loop_watch_child((pid_t)pid, on_ended, &ended);
    run();
    assert_int_equal(ended.pid, pid);
    assert_int_equal(WEXITSTATUS(ended.status), 9);
}

/* ---- signals ---- */

static int signals[8];
static unsigned signal_count;

static void on_signal(int signal, void *data)
{
    assert_ptr_equal(data, signals);
    signals[signal_count++ % VT_ARRAY_SIZE(signals)] = signal;
    vt_loop_quit();
}

static bool stop_waits(void)
{
    struct pollfd p = {.fd = vt_loop_stop_fd(), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void stop_signals_are_told(void **state)
{
    static const int all[] = {SIGTERM, SIGINT, SIGQUIT};

    (void)state;
    /* before anybody listens, it waits and can be seen */
    assert_false(stop_waits());
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_true(stop_waits());
    run_for(20);
    assert_true(stop_waits());
    assert_int_equal(vt_loop_on_signal(on_signal, signals), 0);
    run();
    assert_int_equal(signals[0], SIGTERM);
    assert_false(stop_waits());
    for (size_t i = 0; i < VT_ARRAY_SIZE(all); i++) {
        signal_count = 0;
        assert_int_equal(kill(getpid(), all[i]), 0);
        run();
        assert_int_equal(signal_count, 1);
        assert_int_equal(signals[0], all[i]);
    }
}

/* Its signal does not wake a wait for a stop. */
static void a_child_is_no_stop(void **state)
{
    pid_t pid = spawn("exit 0");

    (void)state;
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(stop_waits());
}

static void a_closed_pipe_is_no_end(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    (void)close(fds[0]);
    assert_int_equal(write(fds[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_comes_again),
        cmocka_unit_test(a_timer_sleeps_until_it_is_updated),
        cmocka_unit_test(descriptors_are_watched),
        cmocka_unit_test(room_for_writing_is_told),
        cmocka_unit_test(a_watched_child_ends),
        cmocka_unit_test(a_watched_child_is_killed),
        cmocka_unit_test(a_child_ends_before_it_is_watched),
        cmocka_unit_test(a_forgotten_child_is_reaped),
        cmocka_unit_test(a_number_comes_again),
        cmocka_unit_test(many_children_are_reaped),
        cmocka_unit_test(an_orphan_becomes_ours),
        cmocka_unit_test(stop_signals_are_told),
        cmocka_unit_test(a_child_is_no_stop),
        cmocka_unit_test(a_closed_pipe_is_no_end),
    };

    return cmocka_run_group_tests(tests, init, NULL);
}
