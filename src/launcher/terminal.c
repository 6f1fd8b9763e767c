/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: QEMU writes into the pipe while it holds its own lock, so a full pipe
 * freezes the guest. We therefore always read, and hand what comes to each listener, none of which
 * ever waits: standard output is an outlet of bounded size, which drops and counts.
 *
 * A serial port speaks byte by byte, and each byte would wake us, the engine's shim, the engine and
 * whoever follows the log, which together slow the guest down. So the first byte is handed on at
 * once, and what follows is gathered for some milliseconds, until none does. That timer, like the
 * one that brings out a line's beginning in JSON, sleeps while the guest says nothing.
 */
#include "launcher/terminal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "host/files.h"
#include "host/loop.h"
#include "launcher/console_lines.h"
#include "launcher/outlet.h"

/* As large as an unprivileged process may have it (/proc/sys/fs/pipe-max-size). */
#define PIPE_SIZE  (1 << 20)
#define QUEUE_SIZE (1 << 20)
#define CHUNK_SIZE 65536
/* Of this much the JSON fits into the queue, whatever it is. */
#define SLICE_SIZE 4096
#define MAX_TAPS   8
/* How long what follows is gathered: not felt by who types. At this pace the pipe takes 200 MB/s.
 */
#define GATHER 5 /* ms */
/* How long a line may rest unfinished before its beginning is shown in JSON. */
#define REST 250 /* ms */

struct tap {
    vt_terminal_callback callback;
    void *data;
};

struct vt_terminal {
    int pipe_fd;
    int pipe_watch;
    int gather_timer;
    int out_fd;
    struct vt_outlet *out;
    bool json;
    struct vt_console_lines lines; /* when json */
    int rest_timer;
    bool resting; /* rest_timer is awake */
    struct tap taps[MAX_TAPS];
    int stamp_fd;
    time_t stamped; /* on the monotonic clock */
    int in_watch;
    bool raw;
    struct termios saved;
    struct vt_console *console;
};

static void on_dropped(uint64_t bytes, void *data)
{
    (void)data;
    vt_warning("standard output was blocked: %llu bytes of the guest's console were dropped",
               (unsigned long long)bytes);
}

/* ---- JSON ---- */

static void set_rest_timer(struct vt_terminal *t, bool awake)
{
    if (t->resting != awake)
        vt_loop_update_timer(t->rest_timer, awake ? REST : -1);
    t->resting = awake;
}

static void on_rest(int timer, void *data)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(vt_console_lines_growth(0));
    struct vt_terminal *t = data;

    (void)timer;
    set_rest_timer(t, false);
    vt_console_lines_flush(&t->lines, &out);
    vt_outlet_add_whole(t->out, vt_buf_str(&out), out.len);
}

static void show_lines(struct vt_terminal *t, const char *data, size_t len)
{
    while (len > 0) {
        size_t n = len < SLICE_SIZE ? len : SLICE_SIZE;
        VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(vt_console_lines_growth(n));

        vt_console_lines_feed(&t->lines, data, n, &out);
        vt_outlet_add_whole(t->out, vt_buf_str(&out), out.len);
        data += n;
        len -= n;
    }
    set_rest_timer(t, vt_console_lines_pending(&t->lines));
}

/* ---- what the guest says ---- */

/* The stamp's time is that of the last output, to a second, on a clock that does not jump; 0: there
 * was none. An idle guest costs nothing. */
static void stamp(struct vt_terminal *t, time_t second)
{
    const struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};

    t->stamped = second;
    (void)futimens(t->stamp_fd, times);
}

static void touch_stamp(struct vt_terminal *t)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != t->stamped)
        stamp(t, now.tv_sec);
}

static void on_output(struct vt_terminal *t, const char *data, size_t len)
{
    if (t->json)
        show_lines(t, data, len);
    else
        vt_outlet_add(t->out, data, len);
    for (size_t i = 0; i < MAX_TAPS && t->taps[i].callback; i++)
        t->taps[i].callback(data, len, t->taps[i].data);
    touch_stamp(t);
}

/* Hand on what is in the pipe, though no more than it holds at a time. Returns whether there was
 * something. */
static bool empty_pipe(struct vt_terminal *t)
{
    char chunk[CHUNK_SIZE];
    size_t total = 0;
    ssize_t n;

    do {
        n = read(t->pipe_fd, chunk, sizeof(chunk));
        if (n > 0) {
            on_output(t, chunk, (size_t)n);
            total += (size_t)n;
        }
    } while (n == (ssize_t)sizeof(chunk) && total < PIPE_SIZE);
    return total > 0;
}

static void on_pipe(int watch, int fd, unsigned events, void *data)
{
    struct vt_terminal *t = data;

    (void)fd;
    (void)events;
    if (!empty_pipe(t))
        return;
    vt_loop_update_fd(watch, 0);
    vt_loop_update_timer(t->gather_timer, GATHER);
}

static void on_gathered(int timer, void *data)
{
    struct vt_terminal *t = data;

    if (empty_pipe(t))
        return;
    vt_loop_update_timer(timer, -1);
    vt_loop_update_fd(t->pipe_watch, VT_EVENT_READ);
}

static void on_input(int watch, int fd, unsigned events, void *data)
{
    struct vt_terminal *t = data;
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    (void)events;
    if (n > 0) {
        /* What the guest does not take holds up who types, to the end of a pipe. */
        if (!vt_console_type(t->console, chunk, (size_t)n))
            vt_loop_update_fd(watch, 0);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        vt_loop_remove_fd(watch);
        t->in_watch = -1;
    }
}

/* What cannot be opened anew (a socket) is used as it is. */
static int open_output(void)
{
    int fd = vt_open_anew(STDOUT_FILENO);

    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Not worth a failure: without it a health check knows less. */
static int open_stamp(const char *pipe_path)
{
    VT_AUTO_FREE char *path = vt_fmt("%s.stamp", pipe_path);

    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
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

static int watch(struct vt_terminal *t)
{
    int r = vt_outlet_new(&t->out, t->out_fd, QUEUE_SIZE, on_dropped, t);

    if (r == 0)
        r = t->rest_timer = vt_loop_add_timer(-1, on_rest, t);
    if (r >= 0)
        r = t->gather_timer = vt_loop_add_timer(-1, on_gathered, t);
    if (r >= 0)
        r = t->pipe_watch = vt_loop_add_fd(t->pipe_fd, VT_EVENT_READ, on_pipe, t);
    return r;
}

int vt_terminal_new(struct vt_terminal **ret, const char *path, enum vt_log_format format,
                    struct vt_error *err)
{
    struct vt_terminal *t = vt_calloc(1, sizeof(*t));

    *t = (struct vt_terminal){
        .in_watch = -1,
        .json = format == VT_LOG_JSON,
        .lines = VT_CONSOLE_LINES_INIT,
    };
    t->pipe_fd = open_pipe(path, err);
    if (t->pipe_fd < 0) {
        int r = t->pipe_fd;

        free(t);
        return r;
    }
    t->out_fd = open_output();
    t->stamp_fd = open_stamp(path);
    stamp(t, 0);
    if (watch(t) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot watch the console's pipe");
    *ret = t;
    return 0;
}

void vt_terminal_tap(struct vt_terminal *terminal, vt_terminal_callback callback, void *data)
{
    size_t i = 0;

    while (terminal->taps[i].callback)
        i++;
    assert(i + 1 < MAX_TAPS);
    terminal->taps[i] = (struct tap){callback, data};
}

static void make_raw(struct vt_terminal *t)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
        return;
    raw = t->saved;
    cfmakeraw(&raw);
    /* Objects are lines for whoever reads them there; the guest's own bytes are left alone. */
    if (t->json)
        raw.c_oflag = t->saved.c_oflag;
    t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    vt_log_set_raw_terminal(t->raw && !t->json && isatty(STDERR_FILENO));
}

void vt_terminal_attach(struct vt_terminal *terminal, struct vt_console *console)
{
    terminal->console = console;
    if (isatty(STDIN_FILENO))
        make_raw(terminal);
    /* A regular file or /dev/null cannot be watched everywhere; then nobody types. */
    terminal->in_watch = vt_loop_add_fd(STDIN_FILENO, VT_EVENT_READ, on_input, terminal);
}

void vt_terminal_resume(struct vt_terminal *terminal)
{
    if (terminal->in_watch >= 0)
        vt_loop_update_fd(terminal->in_watch, VT_EVENT_READ);
}

void vt_terminal_finish(struct vt_terminal *terminal)
{
    char chunk[CHUNK_SIZE];
    ssize_t n;

    while ((n = read(terminal->pipe_fd, chunk, sizeof(chunk))) > 0)
        on_output(terminal, chunk, (size_t)n);
    if (terminal->json)
        on_rest(terminal->rest_timer, terminal);
    (void)vt_outlet_flush(terminal->out);
    if (terminal->raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->saved);
    vt_log_set_raw_terminal(false);
}
