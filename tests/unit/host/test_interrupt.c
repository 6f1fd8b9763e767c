/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/spawn.h"

/* Waits that would not end of themselves end the process so, and the test fails. */
#define TOO_LONG 20 /* s */

/* Each test's work is a process of its own, as what it does is for a process's life. Its exit
 * status, or 1000 and the signal that ended it. */
static int in_process(int (*work)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(TOO_LONG);
        _exit(work());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int unwatched(void)
{
    if (vt_interrupt_fd() != -1 || vt_interrupt_check(NULL) != 0 || vt_interrupt_status(-EIO) >= 0)
        return 1;
    (void)raise(SIGTERM);
    return 2;
}

static void without_a_watch_nothing_changes(void **state)
{
    (void)state;
    assert_int_equal(in_process(unwatched), 1000 + SIGTERM);
}

static int wait_for_nothing(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fds[2];

    vt_interrupt_watch();
    if (pipe(fds) < 0 || vt_interrupt_wait(-1, 0, 1, &err) != 0 || err.msg)
        return 1;
    (void)raise(SIGINT);
    if (vt_interrupt_wait(fds[0], POLLIN, -1, &err) != -EINTR || !err.msg)
        return 2;
    /* Told once; what cleans up may wait. */
    if (vt_interrupt_wait(-1, 0, 1, NULL) != 0 || vt_interrupt_status(3) != 3)
        return 3;
    return vt_interrupt_status(-EINTR);
}

static void a_signal_ends_a_wait_once(void **state)
{
    (void)state;
    assert_int_equal(in_process(wait_for_nothing), 128 + SIGINT);
}

static int signal_twice(void)
{
    vt_interrupt_watch();
    (void)raise(SIGHUP);
    if (vt_interrupt_check(NULL) != -EINTR)
        return 1;
    (void)raise(SIGTERM);
    return 2;
}

static void a_second_signal_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(in_process(signal_twice), 1000 + SIGTERM);
}

static int fail_unseen(void)
{
    vt_interrupt_watch();
    (void)raise(SIGTERM);
    return vt_interrupt_status(-EIO);
}

static void a_signal_that_nobody_saw_counts(void **state)
{
    (void)state;
    assert_int_equal(in_process(fail_unseen), 128 + SIGTERM);
}

static int ignore_one(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    vt_interrupt_watch();
    (void)raise(SIGHUP);
    if (vt_interrupt_wait(-1, 0, 10, NULL) != 0)
        return 1;
    return vt_interrupt_status(0);
}

/* As with nohup. */
static void what_was_ignored_stays_so(void **state)
{
    (void)state;
    assert_int_equal(in_process(ignore_one), 0);
}

static int write_to_the_full(void)
{
    static const char data[1 << 20];
    int fds[2];

    vt_interrupt_watch();
    if (pipe(fds) < 0)
        return 1;
    if (fork() == 0) {
        (void)poll(NULL, 0, 100);
        _exit(kill(getppid(), SIGTERM));
    }
    return vt_interrupt_status(vt_interrupt_write(fds[1], data, sizeof(data), NULL));
}

static int write_to_nobody(void)
{
    int fds[2];

    vt_interrupt_watch();
    if (pipe(fds) < 0)
        return 1;
    (void)close(fds[0]);
    return vt_interrupt_status(vt_interrupt_write(fds[1], "x", 1, NULL));
}

static void writing_is_interrupted(void **state)
{
    (void)state;
    assert_int_equal(in_process(write_to_the_full), 128 + SIGTERM);
    assert_int_equal(in_process(write_to_nobody), 128 + SIGPIPE);
}

static int wait_for_child(void)
{
    static const char *const argv[] = {"sleep", "60", NULL};
    const struct vt_spawn spawn = {.argv = argv};
    pid_t pid;

    vt_interrupt_watch();
    pid = vt_spawn(&spawn, NULL);
    (void)raise(SIGINT);
    if (vt_spawn_wait(pid, -1, NULL, NULL) != -EINTR || kill(pid, 0) == 0)
        return 1;
    /* The next is waited for. */
    pid = vt_spawn(&(const struct vt_spawn){.argv = (const char *const[]){"false", NULL}}, NULL);
    if (vt_spawn_wait(pid, -1, NULL, NULL) != 1)
        return 2;
    return vt_interrupt_status(-EINTR);
}

static void a_child_is_ended(void **state)
{
    (void)state;
    assert_int_equal(in_process(wait_for_child), 128 + SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_watch_nothing_changes),
        cmocka_unit_test(a_signal_ends_a_wait_once),
        cmocka_unit_test(a_second_signal_ends_the_process),
        cmocka_unit_test(a_signal_that_nobody_saw_counts),
        cmocka_unit_test(what_was_ignored_stays_so),
        cmocka_unit_test(writing_is_interrupted),
        cmocka_unit_test(a_child_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
