/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a client is ASKING until its line has come, then WAITING for the guest's end
 * or a CONSOLE; ENDING once its last answer is queued, to be freed when that is written. When there
 * are too many, the oldest that has not asked yet makes room. A client is freed in its own
 * callbacks or by a new one's coming, never while the list is walked.
 */
#include "launcher/control.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "launcher/outlet.h"
#include "launcher/protocol.h"

#define MAX_CLIENTS 32
#define BACKLOG     16
/* What a client may leave unread: a console's worth of seconds. */
#define QUEUE_SIZE (1 << 18)
/* How long the end waits for the clients to end. */
#define LINGER 1000 /* ms */

enum state { ASKING, WAITING, CONSOLE, ENDING };

struct client {
    struct vt_control *control;
    int fd;
    int watch;  /* for reading; -1 once there is nothing more to read */
    bool ended; /* it says no more */
    enum state state;
    struct vt_buf line;
    struct vt_outlet *outlet;
    struct client *next; /* younger */
};

struct vt_control {
    struct vt_control_handlers handlers;
    char *path;
    int fd;
    int watch;
    struct client *clients; /* the oldest first */
    bool paused;            /* the guest does not take what is typed */
    struct vt_buf history;
};

/* ---- clients ---- */

static void stop_reading(struct client *c)
{
    if (c->watch >= 0)
        vt_loop_remove_fd(c->watch);
    c->watch = -1;
}

static void take_out(struct vt_control *control, const struct client *c)
{
    struct client *before = control->clients;

    if (before == c) {
        control->clients = c->next;
        return;
    }
    while (before->next != c)
        before = before->next;
    before->next = c->next;
}

static void drop(struct vt_control *control, struct client *c)
{
    take_out(control, c);
    stop_reading(c);
    vt_outlet_free(c->outlet);
    (void)close(c->fd);
    vt_buf_done(&c->line);
    free(c);
}

static void answer(struct client *c, enum vt_answer_kind kind, int status, const char *text)
{
    VT_AUTO_FREE char *line = vt_answer_text(kind, status, text);

    vt_outlet_add_whole(c->outlet, line, strlen(line));
}

static void answer_status(struct client *c, int status, const char *error)
{
    answer(c, VT_ANSWER_STATUS, status, error);
}

static void answer_accepted(struct client *c)
{
    answer(c, VT_ANSWER_ACCEPTED, 0, NULL);
}

/* No more than the last answer: the client is kept until it hangs up, or makes room. */
static void refuse(struct client *c, const struct vt_error *err)
{
    c->state = ENDING;
    answer_status(c, vt_cause_exit_status(err->cause), err->msg);
    if (vt_outlet_flush(c->outlet) == 0)
        (void)shutdown(c->fd, SHUT_WR);
}

/* ---- requests ---- */

static void on_dropped(uint64_t bytes, void *data)
{
    struct client *c = data;
    VT_AUTO_FREE char *text =
        vt_fmt("\r\n[virtainer: %llu bytes were dropped here, as they were not read]\r\n",
               (unsigned long long)bytes);

    if (c->state == CONSOLE)
        vt_outlet_add(c->outlet, text, strlen(text));
}

static void begin_console(struct client *c, size_t history)
{
    const struct vt_buf *all = &c->control->history;
    size_t len = history < all->len ? history : all->len;
    VT_AUTO_FREE char *line = vt_answer_text(VT_ANSWER_ACCEPTED, 0, NULL);
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(VT_PROTOCOL_LINE_MAX + VT_PROTOCOL_HISTORY_MAX);

    c->state = CONSOLE;
    /* Together, so that who takes the one finds the other. */
    vt_buf_adds(&out, line);
    vt_buf_add(&out, vt_buf_str(all) + all->len - len, len);
    vt_outlet_add(c->outlet, vt_buf_str(&out), out.len);
}

static void begin_stop(struct client *c, const struct vt_request *request)
{
    const struct vt_control_handlers *h = &c->control->handlers;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    /* First, so that it hears what the launcher tells of its stop. */
    c->state = WAITING;
    answer_accepted(c);
    if (h->on_stop(request->how, request->grace, &err, h->data) < 0)
        refuse(c, &err);
}

static void serve(struct client *c, const char *line, size_t len)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_request request;

    if (vt_request_parse(line, len, &request, &err) < 0) {
        refuse(c, &err);
        return;
    }
    switch (request.kind) {
    case VT_REQUEST_STOP:
        begin_stop(c, &request);
        break;
    case VT_REQUEST_CONSOLE:
        begin_console(c, request.history);
        break;
    default:
        c->state = WAITING;
        answer_accepted(c);
        break;
    }
}

/* Listen, or not, to what is typed. */
static void pause_typing(struct vt_control *control, bool paused)
{
    control->paused = paused;
    for (struct client *c = control->clients; c; c = c->next) {
        if (c->state == CONSOLE && c->watch >= 0)
            vt_loop_update_fd(c->watch, paused ? 0 : VT_EVENT_READ);
    }
}

/* What a console client typed behind its request's line is for the guest. */
static void type_rest(struct client *c, const char *text, size_t len)
{
    const struct vt_control_handlers *h = &c->control->handlers;

    if (c->state == CONSOLE && len > 0 && !h->on_type(text, len, h->data))
        pause_typing(c->control, true);
}

static void on_request_bytes(struct client *c, const char *data, size_t len)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    const char *end = memchr(data, '\n', len);
    size_t part = end ? (size_t)(end - data) : len;

    vt_buf_add(&c->line, data, part);
    if (c->line.overflowed) {
        (void)vt_error_set(&err, VT_CAUSE_USAGE, -EINVAL, "not a request: its line is too long");
        refuse(c, &err);
    } else if (end) {
        serve(c, vt_buf_str(&c->line), c->line.len);
        vt_buf_done(&c->line);
        type_rest(c, end + 1, len - part - 1);
    }
}

/* Whether the other end is closed, and not only for writing. */
static bool has_hung_up(int fd)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static void on_readable(int watch, int fd, unsigned events, void *data)
{
    struct client *c = data;
    char chunk[16384];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    (void)watch;
    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (n < 0 || c->state == ASKING || c->state == ENDING || has_hung_up(fd))
            drop(c->control, c);
        else
            stop_reading(c);
        return;
    }
    if (c->state == ASKING)
        on_request_bytes(c, chunk, (size_t)n);
    else
        type_rest(c, chunk, (size_t)n);
}

/* ---- connections ---- */

/* Who may go when there are too many: the oldest that is not being served. */
static struct client *find_idle(struct vt_control *control)
{
    for (struct client *c = control->clients; c; c = c->next) {
        if (c->state == ASKING || c->state == ENDING || vt_outlet_is_gone(c->outlet))
            return c;
    }
    return NULL;
}

static bool make_room(struct vt_control *control)
{
    struct client *idle = find_idle(control);
    size_t count = 0;

    for (const struct client *c = control->clients; c; c = c->next)
        count++;
    if (count >= MAX_CLIENTS && idle)
        drop(control, idle);
    return count < MAX_CLIENTS || idle;
}

/* Not even as a client: the words are short enough to be taken at once. */
static void turn_away(int fd)
{
    VT_AUTO_FREE char *line = vt_answer_text(
        VT_ANSWER_STATUS, vt_cause_exit_status(VT_CAUSE_INTERNAL),
        "too many commands are talking to this virtainer: end some, such as open consoles");

    (void)!write(fd, line, strlen(line));
    (void)close(fd);
}

static struct client *add_client(struct vt_control *control, int fd)
{
    struct client *c = vt_calloc(1, sizeof(*c));
    struct client **at = &control->clients;

    *c = (struct client){
        .control = control,
        .fd = fd,
        .watch = -1,
        .line = VT_BUF_INIT(VT_PROTOCOL_LINE_MAX),
    };
    if (vt_outlet_new(&c->outlet, fd, QUEUE_SIZE, on_dropped, c) < 0) {
        (void)close(fd);
        free(c);
        return NULL;
    }
    while (*at)
        at = &(*at)->next;
    *at = c;
    return c;
}

/* The next client of the backlog. Returns whether there was one; *@ret is NULL if it was turned
 * away.
 */
static bool accept_client(struct vt_control *control, struct client **ret)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    *ret = NULL;
    if (fd < 0)
        return false;
    if (make_room(control))
        *ret = add_client(control, fd);
    else
        turn_away(fd);
    return true;
}

static void on_connection(int watch, int fd, unsigned events, void *data)
{
    struct client *c;

    (void)watch;
    (void)fd;
    (void)events;
    if (accept_client(data, &c) && c)
        c->watch = vt_loop_add_fd(c->fd, VT_EVENT_READ, on_readable, c);
}

static int listen_at(const char *path, struct vt_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    VT_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot make a socket");
    if (strlen(path) >= sizeof(address.sun_path))
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENAMETOOLONG, "%s is too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path);
    /* The mode is right before anybody can connect: they can once it listens. */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
        listen(fd, BACKLOG) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot listen at %s", path);
    return VT_TAKE_FD(fd);
}

int vt_control_new(struct vt_control **ret, const char *path,
                   const struct vt_control_handlers *handlers, struct vt_error *err)
{
    struct vt_control *control;
    int fd = listen_at(path, err);

    if (fd < 0)
        return fd;
    control = vt_calloc(1, sizeof(*control));
    *control = (struct vt_control){
        .handlers = *handlers,
        .path = vt_strdup(path),
        .fd = fd,
        .history = VT_BUF_INIT(VT_PROTOCOL_HISTORY_MAX),
    };
    control->watch = vt_loop_add_fd(fd, VT_EVENT_READ, on_connection, control);
    if (control->watch < 0) {
        (void)close(fd);
        free(control->path);
        free(control);
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot watch %s", path);
    }
    *ret = control;
    return 0;
}

/* ---- what the launcher tells ---- */

void vt_control_progress(struct vt_control *control, const char *text)
{
    for (struct client *c = control->clients; c; c = c->next) {
        if (c->state == WAITING)
            answer(c, VT_ANSWER_PROGRESS, 0, text);
    }
}

/* Keep the last bytes: the buffer is refilled when it is full, which is seldom. */
static void remember(struct vt_buf *history, const char *text, size_t len)
{
    if (len > history->limit / 2) {
        text += len - history->limit / 2;
        len = history->limit / 2;
    }
    if (len > history->limit - history->len) {
        size_t keep = history->limit / 2;

        memmove(history->data, history->data + history->len - keep, keep);
        history->len = keep;
    }
    vt_buf_add(history, text, len);
}

static void to_consoles(struct vt_control *control, const char *text, size_t len)
{
    for (struct client *c = control->clients; c; c = c->next) {
        if (c->state == CONSOLE)
            vt_outlet_add(c->outlet, text, len);
    }
}

void vt_control_console(struct vt_control *control, const char *text, size_t len)
{
    remember(&control->history, text, len);
    to_consoles(control, text, len);
}

void vt_control_console_notice(struct vt_control *control, const char *text)
{
    VT_AUTO_FREE char *line = vt_fmt("\r\n[virtainer: %s]\r\n", text);

    to_consoles(control, line, strlen(line));
}

void vt_control_resume(struct vt_control *control)
{
    if (control->paused)
        pause_typing(control, false);
}

/* ---- the end ---- */

/* Those in the backlog, as far as there is place for them. */
static void accept_all(struct vt_control *control)
{
    struct client *c;

    for (int i = 0; i < BACKLOG && accept_client(control, &c); i++)
        ;
}

static void tell_end(struct client *c, int status, const char *error)
{
    if (c->state == ASKING || c->state == WAITING)
        answer_status(c, status, error);
    stop_reading(c);
    c->state = ENDING;
    (void)vt_outlet_flush(c->outlet);
}

/* Write what waits, and read what comes, as closing a socket with unread bytes makes the answer an
 * error. Returns whether the client has hung up. */
static bool settle(struct client *c)
{
    char chunk[16384];
    ssize_t n = 1;

    if (vt_outlet_flush(c->outlet) == 0)
        (void)shutdown(c->fd, SHUT_WR);
    for (int i = 0; i < 16 && n > 0; i++)
        n = read(c->fd, chunk, sizeof(chunk));
    c->ended = n == 0;
    return has_hung_up(c->fd) || vt_outlet_is_gone(c->outlet);
}

static short wanted_events(const struct client *c)
{
    return (short)((vt_outlet_flush(c->outlet) > 0 ? POLLOUT : 0) | (c->ended ? 0 : POLLIN));
}

static void linger(struct vt_control *control)
{
    int64_t deadline = vt_now_ms() + LINGER;

    while (control->clients && vt_now_ms() < deadline) {
        struct pollfd set[MAX_CLIENTS];
        struct client *next;
        nfds_t count = 0;

        for (struct client *c = control->clients; c; c = next) {
            next = c->next;
            if (settle(c))
                drop(control, c);
            else if (count < MAX_CLIENTS)
                set[count++] = (struct pollfd){c->fd, wanted_events(c), 0};
        }
        if (count > 0)
            (void)poll(set, count, (int)(deadline - vt_now_ms()));
    }
}

void vt_control_finish(struct vt_control *control, int status, const char *error)
{
    if (!control)
        return;
    (void)unlink(control->path);
    accept_all(control);
    for (struct client *c = control->clients; c; c = c->next)
        tell_end(c, status, error);
    linger(control);
    while (control->clients)
        drop(control, control->clients);
    vt_loop_remove_fd(control->watch);
    (void)close(control->fd);
    vt_buf_done(&control->history);
    free(control->path);
    free(control);
}
