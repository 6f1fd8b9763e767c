/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "host/caps.h"
#include "host/child.h"
#include "host/interrupt.h"

/* The first descriptor of systemd's socket activation protocol, sd_listen_fds(3). */
#define LISTEN_FDS_START 3

static void reset_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: make @fd the descriptor @as, which stays open over exec. */
static int place(int fd, int as)
{
    int r = fd == as ? fcntl(fd, F_SETFD, 0) : dup2(fd, as);

    return r < 0 ? -errno : 0;
}

static int place_stdio(const struct vt_spawn *spawn)
{
    /* Closed with all that is not the child's; it may itself lie where standard input belongs. */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r;

    if (null < 0)
        return -errno;
    r = spawn->in < 0 ? 0 : place(spawn->in ? spawn->in : null, STDIN_FILENO);
    if (r == 0)
        r = place(spawn->out ? spawn->out : null, STDOUT_FILENO);
    if (r == 0 && spawn->err)
        r = place(spawn->err, STDERR_FILENO);
    return r;
}

/* Move the listening sockets to 3, 4, …; first out of the way, as they may lie there in another
 * order. */
static int place_listeners(const struct vt_spawn *spawn)
{
    int safe[8];

    if (spawn->listen_count > VT_ARRAY_SIZE(safe))
        return -E2BIG;
    for (size_t i = 0; i < spawn->listen_count; i++) {
        safe[i] = fcntl(spawn->listen[i], F_DUPFD, LISTEN_FDS_START + (int)VT_ARRAY_SIZE(safe));
        if (safe[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < spawn->listen_count; i++) {
        if (place(safe[i], LISTEN_FDS_START + (int)i) < 0)
            return -errno;
    }
    return 0;
}

static int set_environment(const struct vt_spawn *spawn)
{
    for (size_t i = 0; spawn->env && spawn->env[i]; i++) {
        if (putenv((char *)spawn->env[i]) != 0)
            return -errno;
    }
    if (spawn->listen_count > 0) {
        VT_AUTO_FREE char *count = vt_fmt("%zu", spawn->listen_count);
        VT_AUTO_FREE char *pid = vt_fmt("%d", getpid());

        if (setenv("LISTEN_FDS", count, 1) < 0 || setenv("LISTEN_PID", pid, 1) < 0 ||
            setenv("LISTEN_FDNAMES", spawn->listen_names, 1) < 0)
            return -errno;
    }
    return 0;
}

static int become(uid_t uid, gid_t gid)
{
    if (uid == 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* Last, as another user or other rights undo it. @parent may have ended before. */
static int die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ECHILD;
}

/* The child's part: never returns. A failure is told through @report, which closes by itself on
 * success. */
static void __attribute__((noreturn)) child(const struct vt_spawn *spawn, pid_t parent, int report)
{
    /* Above all that is placed below, so that nothing is placed over it and closing all other
     * descriptors is two calls. */
    int kept = fcntl(report, F_DUPFD_CLOEXEC, 64);
    int r = kept < 0 ? -errno : 0;

    report = kept < 0 ? report : kept;
    reset_signals();
    if (r == 0)
        r = place_stdio(spawn);
    if (r == 0)
        r = place_listeners(spawn);
    if (r == 0) {
        unsigned first = LISTEN_FDS_START + (unsigned)spawn->listen_count;

        (void)close_range(first, (unsigned)report - 1, 0);
        (void)close_range((unsigned)report + 1, ~0U, 0);
        r = set_environment(spawn);
    }
    vt_caps_bound(VT_CAPS_OF_CHILDREN);
    if (r == 0)
        r = become(spawn->uid, spawn->gid);
    if (r == 0 && spawn->dies_with_us)
        r = die_with(parent);
    if (r == 0) {
        execvp(spawn->argv[0], (char *const *)spawn->argv);
        r = -errno;
    }
    (void)!write(report, &r, sizeof(r));
    _exit(127);
}

pid_t vt_spawn(const struct vt_spawn *spawn, struct vt_error *err)
{
    int pipe_fds[2], failure = 0;
    pid_t pid, parent = getpid();
    ssize_t n;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make a pipe");
    pid = fork();
    if (pid < 0) {
        int saved = errno;

        (void)close(pipe_fds[0]);
        (void)close(pipe_fds[1]);
        return vt_error_errno(err, VT_CAUSE_INTERNAL, saved, "cannot fork for %s", spawn->argv[0]);
    }
    if (pid == 0)
        child(spawn, parent, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    do {
        n = read(pipe_fds[0], &failure, sizeof(failure));
    } while (n < 0 && errno == EINTR);
    (void)close(pipe_fds[0]);
    if (n == (ssize_t)sizeof(failure)) {
        (void)waitpid(pid, NULL, 0);
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -failure, "cannot run %s", spawn->argv[0]);
    }
    return pid;
}

/* What vt_run() waits on, in the order of its poll set. */
enum { RUN_CHILD, RUN_CANCEL, RUN_OUT, RUN_ERR, RUN_MAX };

static void drain(struct pollfd *p, struct vt_buf *buf)
{
    char chunk[4096];
    ssize_t n;

    if (p->revents == 0)
        return;
    n = read(p->fd, chunk, sizeof(chunk));
    if (n > 0)
        vt_buf_add(buf, chunk, (size_t)n);
    else if (n == 0 || errno != EINTR)
        p->fd = -1;
}

/* What a run is, beside its arguments. */
struct run {
    struct vt_buf *out;
    struct vt_buf *errout;
    int timeout_ms;
    const struct vt_tick *tick; /* or NULL */
    const int *fds;             /* for the child, from 3 on */
    size_t fd_count;
};

/* How long to wait, with @left ms until the deadline (-1: there is none). */
static int wait_ms(const struct run *run, int64_t left)
{
    return run->tick && (left < 0 || left > run->tick->every_ms) ? run->tick->every_ms : (int)left;
}

/* Follow the child until it is gone and its output is read, or a reason to give up. */
static int follow(struct pollfd set[RUN_MAX], const struct run *run)
{
    int64_t deadline = vt_now_ms() + run->timeout_ms;

    while (set[RUN_CHILD].fd >= 0 || set[RUN_OUT].fd >= 0 || set[RUN_ERR].fd >= 0) {
        int64_t left = run->timeout_ms < 0 ? -1 : deadline - vt_now_ms();

        if (run->timeout_ms >= 0 && left <= 0)
            return -ETIMEDOUT;
        if (poll(set, RUN_MAX, wait_ms(run, left)) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (set[RUN_CANCEL].revents)
            return -ECANCELED;
        drain(&set[RUN_OUT], run->out);
        drain(&set[RUN_ERR], run->errout);
        if (run->tick)
            run->tick->call(run->tick->data);
        if (set[RUN_CHILD].revents)
            set[RUN_CHILD].fd = -1;
    }
    return 0;
}

static int exit_status(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int vt_spawn_wait(pid_t pid, int tick_ms, void (*tick)(void *data), void *data)
{
    VT_AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd set[] = {
        {.fd = pidfd, .events = POLLIN},
        {.fd = vt_interrupt_fd(), .events = POLLIN},
    };

    while (pidfd >= 0 && poll(set, VT_ARRAY_SIZE(set), tick ? tick_ms : -1) == 0 && tick)
        tick(data);
    if (vt_interrupt_check(NULL) < 0) {
        (void)kill(pid, SIGTERM);
        (void)exit_status(pid);
        return -EINTR;
    }
    return exit_status(pid);
}

static int open_output(const struct vt_buf *buf, int pipe_fds[2])
{
    if (buf && pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static void close_end(int *fd)
{
    vt_closep(fd);
    *fd = -1;
}

static int run_child(const struct vt_spawn *spawn, struct pollfd set[RUN_MAX],
                     const struct run *run, int *write_ends[2], struct vt_error *err)
{
    struct vt_child child;
    int status, r = vt_child_start(spawn, &child, err);

    if (r < 0)
        return r;
    close_end(write_ends[0]);
    close_end(write_ends[1]);
    set[RUN_CHILD].fd = child.fd;
    r = follow(set, run);
    status = vt_child_end(&child, r < 0);
    if (r == -ECANCELED)
        return vt_error_set(err, VT_CAUSE_NONE, r, "stopped while %s ran", spawn->argv[0]);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "%s did not end", spawn->argv[0]);
    return status;
}

static int run_with_pipes(const char *const *argv, const struct run *run, int cancel_fd,
                          struct vt_error *err)
{
    int out_pipe[2] = {-1, -1}, err_pipe[2] = {-1, -1};
    int *write_ends[2] = {&out_pipe[1], &err_pipe[1]};
    int r = open_output(run->out, out_pipe);

    if (r == 0)
        r = open_output(run->errout, err_pipe);
    if (r < 0) {
        r = vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot make a pipe for %s", argv[0]);
    } else {
        struct vt_spawn spawn = {
            .argv = argv,
            .out = run->out ? out_pipe[1] : 0,
            .err = run->errout ? err_pipe[1] : 0,
            .listen = run->fds,
            .listen_names = "",
            .listen_count = run->fd_count,
            .dies_with_us = true,
        };
        struct pollfd set[RUN_MAX] = {
            [RUN_CHILD] = {.fd = -1, .events = POLLIN},
            [RUN_CANCEL] = {.fd = cancel_fd, .events = POLLIN},
            [RUN_OUT] = {.fd = out_pipe[0], .events = POLLIN},
            [RUN_ERR] = {.fd = err_pipe[0], .events = POLLIN},
        };

        r = run_child(&spawn, set, run, write_ends, err);
    }
    for (int i = 0; i < 2; i++) {
        vt_closep(&out_pipe[i]);
        vt_closep(&err_pipe[i]);
    }
    return r;
}

int vt_run(const char *const *argv, struct vt_buf *out, struct vt_buf *errout, int cancel_fd,
           int timeout_ms, struct vt_error *err)
{
    const struct run run = {.out = out, .errout = errout, .timeout_ms = timeout_ms};

    return run_with_pipes(argv, &run, cancel_fd, err);
}

int vt_run_with(const char *const *argv, const int *fds, size_t fd_count, struct vt_buf *out,
                struct vt_buf *errout, int cancel_fd, int timeout_ms, struct vt_error *err)
{
    const struct run run = {
        .out = out, .errout = errout, .timeout_ms = timeout_ms, .fds = fds, .fd_count = fd_count};

    return run_with_pipes(argv, &run, cancel_fd, err);
}

int vt_run_long(const char *const *argv, struct vt_buf *out, struct vt_buf *errout, int cancel_fd,
                const struct vt_tick *tick, struct vt_error *err)
{
    const struct run run = {.out = out, .errout = errout, .timeout_ms = -1, .tick = tick};

    return run_with_pipes(argv, &run, cancel_fd, err);
}

int vt_readable_by(const char *path, uid_t uid, gid_t gid)
{
    pid_t pid = fork();
    int status;

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        int r = become(uid, gid);

        if (r == 0 && open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) < 0)
            r = -errno;
        _exit(-r & 0xff);
    }
    status = exit_status(pid);
    return status < 0 ? status : -status;
}

/* How long a killed process may stay, when the kernel waits for a disk. */
#define KILL_MS 5000

int vt_end_process(pid_t pid, int term_ms)
{
    VT_AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd gone = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return 0;
    (void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);
    if (poll(&gone, 1, term_ms) > 0)
        return 0;
    (void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
    return poll(&gone, 1, KILL_MS) > 0 ? 0 : -ETIMEDOUT;
}
