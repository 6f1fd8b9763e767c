/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: QEMU writes into the pipe while it holds its own lock, so a full pipe
 * freezes the guest. We therefore always read, keep what standard output does not take in a queue
 * of fixed size, and when that is full drop what comes and say how much that was.
 */
#include "launcher/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"

/* As large as an unprivileged process may have it (/proc/sys/fs/pipe-max-size). */
#define PIPE_SIZE  (1 << 20)
#define QUEUE_SIZE (1 << 20)
#define CHUNK_SIZE 65536

struct vt_terminal {
    int pipe_fd;
    int out_fd; /* -1 once nobody reads it any more */
    int out_watch;
    int in_watch;
    bool out_waiting; /* the loop waits for room on out_fd */
    struct vt_buf queue;
    size_t queue_start; /* bytes at the queue's start that were written already */
    uint64_t dropped;   /* bytes since the last report */
    bool raw;
    struct termios saved;
    struct vt_console *console;
};

static void wait_for_room(struct vt_terminal *t, bool wait)
{
    if (t->out_waiting == wait || t->out_watch < 0)
        return;
    t->out_waiting = wait;
    vt_loop_update_fd(t->out_watch, wait ? VT_EVENT_WRITE : 0);
}

/* Write without waiting. Returns how many bytes went out; nobody there (EPIPE, EIO) counts as all
 * of them. */
static size_t write_some(struct vt_terminal *t, const char *data, size_t len)
{
    size_t done = 0;

    while (done < len && t->out_fd >= 0) {
        ssize_t n = write(t->out_fd, data + done, len - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            return done;
        } else if (errno != EINTR) {
            vt_debug("standard output is gone: %s", strerror(errno));
            wait_for_room(t, false);
            vt_closep(&t->out_fd);
            t->out_fd = -1;
        }
    }
    return len;
}

static void report_dropped(struct vt_terminal *t)
{
    if (t->dropped == 0)
        return;
    vt_warning("standard output was blocked: %llu bytes of the guest's console were dropped",
               (unsigned long long)t->dropped);
    t->dropped = 0;
}

static void flush_queue(struct vt_terminal *t)
{
    t->queue_start += write_some(t, t->queue.data + t->queue_start, t->queue.len - t->queue_start);
    if (t->queue_start < t->queue.len)
        return;
    vt_buf_done(&t->queue);
    t->queue_start = 0;
    wait_for_room(t, false);
    report_dropped(t);
}

/* Make the room again of what was written already. */
static void compact(struct vt_terminal *t)
{
    t->queue.len -= t->queue_start;
    memmove(t->queue.data, t->queue.data + t->queue_start, t->queue.len);
    t->queue_start = 0;
}

static void enqueue(struct vt_terminal *t, const char *data, size_t len)
{
    size_t room, take;

    if (len > QUEUE_SIZE - t->queue.len && t->queue_start > 0)
        compact(t);
    room = QUEUE_SIZE - t->queue.len;
    take = len < room ? len : room;
    vt_buf_add(&t->queue, data, take);
    t->dropped += len - take;
    wait_for_room(t, true);
}

static void on_output(struct vt_terminal *t, const char *data, size_t len)
{
    size_t done = t->queue.len == 0 ? write_some(t, data, len) : 0;

    if (done < len)
        enqueue(t, data + done, len - done);
}

static void on_pipe(int watch, int fd, unsigned events, void *data)
{
    struct vt_terminal *t = data;
    char chunk[CHUNK_SIZE];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    (void)watch;
    (void)events;
    if (n > 0)
        on_output(t, chunk, (size_t)n);
}

static void on_room(int watch, int fd, unsigned events, void *data)
{
    struct vt_terminal *t = data;

    (void)watch;
    (void)fd;
    (void)events;
    if (t->queue.len > 0)
        flush_queue(t);
}

static void on_input(int watch, int fd, unsigned events, void *data)
{
    struct vt_terminal *t = data;
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    (void)events;
    if (n > 0)
        vt_console_type(t->console, chunk, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        vt_loop_remove_fd(watch);
}

/*
 * Standard output for us alone: opened anew, so that making it non-blocking does not do the same to
 * the log, which shares its open file. What cannot be opened anew (a socket) is used as it is.
 */
static int open_output(void)
{
    int fd = open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static int open_pipe(const char *path, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = -1;

    if (unlink(path) < 0 && errno != ENOENT)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot remove %s", path);
    if (mkfifo(path, 0600) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make the pipe %s", path);
    /* For writing too, so that it never reads as ended while QEMU is not there. */
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot open the pipe %s", path);
    (void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
    return VT_TAKE_FD(fd);
}

int vt_terminal_new(struct vt_terminal **ret, const char *path, struct vt_error *err)
{
    struct vt_terminal *t = vt_calloc(1, sizeof(*t));

    *t = (struct vt_terminal){
        .out_watch = -1,
        .in_watch = -1,
        .queue = VT_BUF_INIT(QUEUE_SIZE),
    };
    t->pipe_fd = open_pipe(path, err);
    if (t->pipe_fd < 0) {
        int r = t->pipe_fd;

        free(t);
        return r;
    }
    t->out_fd = open_output();
    if (t->out_fd >= 0)
        t->out_watch = vt_loop_add_fd(t->out_fd, 0, on_room, t);
    if (vt_loop_add_fd(t->pipe_fd, VT_EVENT_READ, on_pipe, t) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot watch the console's pipe");
    *ret = t;
    return 0;
}

static void make_raw(struct vt_terminal *t)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
        return;
    raw = t->saved;
    cfmakeraw(&raw);
    t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    vt_log_set_raw_terminal(t->raw && isatty(STDERR_FILENO));
}

void vt_terminal_attach(struct vt_terminal *terminal, struct vt_console *console)
{
    terminal->console = console;
    if (isatty(STDIN_FILENO))
        make_raw(terminal);
    /* A regular file or /dev/null cannot be watched everywhere; then nobody types. */
    terminal->in_watch = vt_loop_add_fd(STDIN_FILENO, VT_EVENT_READ, on_input, terminal);
}

void vt_terminal_finish(struct vt_terminal *terminal)
{
    char chunk[CHUNK_SIZE];
    ssize_t n;

    while ((n = read(terminal->pipe_fd, chunk, sizeof(chunk))) > 0)
        on_output(terminal, chunk, (size_t)n);
    if (terminal->queue.len > 0)
        flush_queue(terminal);
    if (terminal->raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->saved);
    vt_log_set_raw_terminal(false);
}
