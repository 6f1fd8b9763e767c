/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "../tempdir.h"

#define SH(script) ((const char *const[]){"sh", "-c", (script), NULL})

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void output_and_status(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *out, *errout;
    } cases[] = {
        {"true", 0, "", ""},
        {"exit 7", 7, "", ""},
        {"echo out; echo err >&2", 0, "out\n", "err\n"},
        {"printf 'no newline'; exit 255", 255, "no newline", ""},
        {"kill -TERM $$", 128 + SIGTERM, "", ""},
        {"echo before; kill -KILL $$", 128 + SIGKILL, "before\n", ""},
        {"cat; echo read", 0, "read\n", ""}, /* standard input is empty */
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
        VT_AUTO_BUF struct vt_buf errout = VT_BUF_INIT(1000);

        assert_int_equal(vt_run(SH(cases[i].script), &out, &errout, -1, 10000, &err),
                         cases[i].status);
        assert_string_equal(vt_buf_str(&out), cases[i].out);
        assert_string_equal(vt_buf_str(&errout), cases[i].errout);
        assert_null(err.msg);
    }
}

static void count_tick(void *data)
{
    ++*(int *)data;
}

static void a_long_run_ticks(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
    int count = 0;
    const struct vt_tick tick = {20, count_tick, &count};

    (void)state;
    assert_int_equal(vt_run_long(SH("echo out; sleep 0.5; exit 3"), &out, NULL, -1, &tick, &err),
                     3);
    assert_string_equal(vt_buf_str(&out), "out\n");
    assert_true(count > 3);
    assert_int_equal(vt_run_long(SH("exit 4"), NULL, NULL, -1, NULL, &err), 4);
}

static void a_flood_is_cut(void **state)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);

    (void)state;
    assert_int_equal(vt_run(SH("head -c 1000000 /dev/zero"), &out, NULL, -1, 10000, NULL), 0);
    assert_int_equal(out.len, 1000);
    assert_true(out.overflowed);
}

static void a_missing_program(void **state)
{
    static const char *const argv[] = {"/no/such-program", NULL};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);

    (void)state;
    assert_int_equal(vt_run(argv, &out, NULL, -1, 10000, &err), -ENOENT);
    assert_string_equal(err.msg, "cannot run /no/such-program: No such file or directory");
    assert_int_equal(vt_run((const char *const[]){"/etc/passwd", NULL}, NULL, NULL, -1, -1, NULL),
                     -EACCES);
    /* and no child is left to be reaped */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void it_is_cancelled(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
    int64_t start = now_ms();
    int pipe_fds[2];

    (void)state;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    assert_int_equal(vt_run(SH("exec sleep 30"), &out, NULL, pipe_fds[0], -1, &err), -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    assert_string_equal(err.msg, "stopped while sh ran");
    assert_true(now_ms() - start < 10000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

static void it_has_a_deadline(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int64_t start = now_ms();

    (void)state;
    /* TERM is not enough for this one */
    assert_int_equal(
        vt_run(SH("trap '' TERM; while :; do sleep 0.05; done"), NULL, NULL, -1, 200, &err),
        -ETIMEDOUT);
    assert_in_range(now_ms() - start, 200, 10000);
    assert_string_equal(err.msg, "sh did not end: Connection timed out");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void signals_are_as_by_default(void **state)
{
    static const char script[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
    sigset_t term, before;

    (void)state;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, &before);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(vt_run(SH(script), &out, NULL, -1, 10000, NULL), 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(vt_buf_str(&out), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

/* Also those that were opened without O_CLOEXEC, wherever they lie. */
static void descriptors_are_not_leaked(void **state)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
    int low = open("/dev/null", O_RDONLY);
    int high = fcntl(low, F_DUPFD, 200);

    (void)state;
    assert_true(low >= 0 && high >= 200);
    /* 3 is ls's own */
    assert_int_equal(vt_run(SH("exec ls /proc/self/fd"), &out, NULL, -1, 10000, NULL), 0);
    assert_string_equal(vt_buf_str(&out), "0\n1\n2\n3\n");
    (void)close(low);
    (void)close(high);
}

/* A descriptor of ours may lie where the child's standard input, output or error will. */
static void it_works_without_standard_streams(void **state)
{
    static const char script[] = "test -e /proc/self/fd/0 && test -e /proc/self/fd/1 && "
                                 "cat && echo out";
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1000);
    int saved_in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    int saved_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    int r;

    (void)state;
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    r = vt_run(SH(script), &out, NULL, -1, 10000, NULL);
    assert_int_equal(dup2(saved_in, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(dup2(saved_out, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(saved_in);
    (void)close(saved_out);
    assert_int_equal(r, 0);
    assert_string_equal(vt_buf_str(&out), "out\n");
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* Which sockets the child sees at 3 and 4, in the order they were given, whatever their numbers. */
static void sockets_are_passed(void **state)
{
    static const char script[] = "echo $LISTEN_FDS $LISTEN_FDNAMES $EXTRA\n"
                                 "test \"$LISTEN_PID\" = $$ && echo mine\n"
                                 "readlink /proc/$$/fd/3 /proc/$$/fd/4\n"
                                 "ls /proc/$$/fd\n" /* no pipe: the shell would have it open */
                                 "true\n";
    static const char *const env[] = {"EXTRA=more", NULL};
    int a = listen_at(in_dir("a")), b = listen_at(in_dir("b"));
    int sockets[] = {fcntl(b, F_DUPFD_CLOEXEC, 4), fcntl(a, F_DUPFD_CLOEXEC, 3)};
    VT_AUTO_FREE char *expected = NULL;
    char links[2][64] = {"", ""}, at[64], found[256];
    int status, pipe_fds[2];
    pid_t pid;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(at, sizeof(at), "/proc/self/fd/%d", sockets[i]);
        assert_true(readlink(at, links[i], sizeof(links[i]) - 1) > 0);
    }
    expected = vt_fmt("2 b:a more\nmine\n%s\n%s\n0\n1\n2\n3\n4\n", links[0], links[1]);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid = vt_spawn(&(struct vt_spawn){.argv = SH(script),
                                      .env = env,
                                      .out = pipe_fds[1],
                                      .listen = sockets,
                                      .listen_names = "b:a",
                                      .listen_count = 2},
                   NULL);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    found[read(pipe_fds[0], found, sizeof(found) - 1)] = '\0';
    assert_string_equal(found, expected);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    (void)close(a);
    (void)close(b);
    (void)close(sockets[0]);
    (void)close(sockets[1]);
}

static void another_user(void **state)
{
    char found[64] = "";
    int status, pipe_fds[2];
    pid_t pid;

    (void)state;
    if (getuid() != 0)
        skip();
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid = vt_spawn(
        &(struct vt_spawn){
            .argv = SH("id -u; id -g; id -G"), .out = pipe_fds[1], .uid = 12345, .gid = 23456},
        NULL);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(read(pipe_fds[0], found, sizeof(found) - 1) > 0);
    assert_string_equal(found, "12345\n23456\n23456\n");
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

static void who_may_read(void **state)
{
    const char *path = in_dir("file");

    (void)state;
    if (getuid() != 0)
        skip();
    put_text(path, "x");
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(vt_readable_by(path, 12345, 23456), -EACCES); /* the directory is 0700 */
    assert_int_equal(chmod(test_dir, 0711), 0);
    assert_int_equal(vt_readable_by(path, 12345, 23456), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(vt_readable_by(path, 12345, 23456), -EACCES);
    assert_int_equal(chown(path, 0, 23456), 0);
    assert_int_equal(vt_readable_by(path, 12345, 23456), 0);
    assert_int_equal(vt_readable_by(in_dir("none"), 12345, 23456), -ENOENT);
    /* root's own groups do not count, and a pipe without a writer does not hang */
    assert_int_equal(mkfifo(in_dir("pipe"), 0644), 0);
    assert_int_equal(vt_readable_by(in_dir("pipe"), 12345, 23456), 0);
}

/* The status with which @script, which says a line when it is ready, is ended. */
static int end_status(const char *script)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int ready[2], status = 0;
    struct vt_spawn spawn = {.argv = SH(script)};
    char line;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    spawn.out = ready[1];
    pid = vt_spawn(&spawn, &err);
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &line, 1), 1);
    assert_int_equal(vt_end_process(pid, 200), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return status;
}

static void a_process_is_ended_politely_then_not(void **state)
{
    (void)state;
    assert_int_equal(WTERMSIG(end_status("echo; exec sleep 60")), SIGTERM);
    assert_int_equal(WTERMSIG(end_status("trap '' TERM; echo; exec sleep 60")), SIGKILL);
    /* One that is gone already is no error. */
    assert_int_equal(vt_end_process(0, 200), 0);
}

/* A process of ours that is in vt_run() with a child that says a line and sleeps. */
static pid_t fork_a_run(int ready)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct vt_buf out = VT_BUF_INIT(10);

        (void)!vt_run_with(SH("echo $$ >&3; exec sleep 20"), &ready, 1, &out, NULL, -1, -1, NULL);
        _exit(1);
    }
    return pid;
}

static void a_run_does_not_outlive_us(void **state)
{
    char line[20] = "";
    int ready[2], status;
    pid_t us, child;

    (void)state;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    /* Who inherits the child sees how it ended. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    us = fork_a_run(ready[1]);
    assert_true(read(ready[0], line, sizeof(line) - 1) > 0);
    child = (pid_t)strtol(line, NULL, 10);
    assert_int_equal(kill(us, SIGKILL), 0);
    assert_int_equal(waitpid(us, &status, 0), us);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_status),
        cmocka_unit_test(a_long_run_ticks),
        cmocka_unit_test(a_flood_is_cut),
        cmocka_unit_test(a_missing_program),
        cmocka_unit_test(it_is_cancelled),
        cmocka_unit_test(it_has_a_deadline),
        cmocka_unit_test(signals_are_as_by_default),
        cmocka_unit_test(descriptors_are_not_leaked),
        cmocka_unit_test(it_works_without_standard_streams),
        IN_DIR(sockets_are_passed),
        cmocka_unit_test(another_user),
        cmocka_unit_test(a_run_does_not_outlive_us),
        cmocka_unit_test(a_process_is_ended_politely_then_not),
        IN_DIR(who_may_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
