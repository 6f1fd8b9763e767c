/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: two buffers, one each way. Each is read into only when it is empty, so a
 * side that does not take what it is given holds up the other, and nothing grows; the launcher
 * drops what is too much for us, and says so. Signals are a descriptor among the others, so that
 * the terminal is restored in one place.
 */
#include "launcher/console_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/files.h"
#include "launcher/client.h"
#include "launcher/escape.h"

/* So that a person sees a prompt, and what came before it. */
#define HISTORY    16384
#define CHUNK_SIZE 16384
/* A launcher that has not answered for so long is still preparing its guest. */
#define PATIENCE 1000 /* ms */
/* A terminal echoes what is typed: how much longer its first sign of life may take. The launcher
 * has to open the console first, and libvirtd may be busy. */
#define ECHO_TIME 10000 /* ms */

struct session {
    const struct vt_console_session *wishes;
    struct vt_client client;
    struct vt_escape escape;
    bool person; /* standard input is a terminal */
    struct termios saved;
    bool raw;
    int out_fd;
    int signal_fd;
    int signal; /* that ended it, or 0 */
    struct vt_buf to_guest, to_screen;
    bool input_ended, left, guest_off;
    bool typed, answered; /* something was typed, and the guest spoke since */
    int64_t heard;        /* ms: when the guest last spoke, or the input ended */
};

/* ---- the person ---- */

/* A line of ours on the person's screen, between the guest's. */
static void tell(struct session *s, const char *text)
{
    if (!s->person)
        return;
    vt_buf_adds(&s->to_screen, "\r\n[");
    vt_buf_adds(&s->to_screen, text);
    vt_buf_adds(&s->to_screen, "]\r\n");
}

static void tell_help(struct session *s)
{
    VT_AUTO_FREE char *escape = vt_escape_name(s->escape.character);
    VT_AUTO_FREE char *text =
        vt_fmt("after %s:  q . or %s  leaves the console, and the guest goes on\r\n"
               "  w  types a command that tells the guest this window's size\r\n"
               "  ]  types %s itself     ?  shows this",
               escape, escape, escape);

    tell(s, text);
}

/* A serial line does not carry it, so it is typed; the space keeps it out of a shell's history. */
static void type_size(struct session *s)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        tell(s, "this terminal does not tell its size");
    else
        vt_buf_addf(&s->to_guest, " stty rows %u cols %u\r", size.ws_row, size.ws_col);
}

static void act(struct session *s, enum vt_escape_action action)
{
    switch (action) {
    case VT_ESCAPE_LEAVE:
        s->left = true;
        break;
    case VT_ESCAPE_SIZE:
        type_size(s);
        break;
    case VT_ESCAPE_HELP:
        tell_help(s);
        break;
    default:
        break;
    }
}

static void type(struct session *s, const char *text, size_t len)
{
    if (!s->person) {
        vt_buf_add(&s->to_guest, text, len);
        return;
    }
    while (len > 0 && !s->left) {
        enum vt_escape_action action;
        size_t used = vt_escape_feed(&s->escape, text, len, &s->to_guest, &action);

        act(s, action);
        text += used;
        len -= used;
    }
}

/* ---- the loop ---- */

static void read_input(struct session *s)
{
    char chunk[CHUNK_SIZE];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

    if (n > 0) {
        s->typed = true;
        type(s, chunk, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->input_ended = true;
        s->left = s->person; /* its terminal is gone */
        s->heard = vt_now_ms();
    }
}

static void read_guest(struct session *s)
{
    char chunk[CHUNK_SIZE];
    ssize_t n = read(s->client.fd, chunk, sizeof(chunk));

    if (n > 0) {
        vt_buf_add(&s->to_screen, chunk, (size_t)n);
        s->heard = vt_now_ms();
        s->answered = s->typed;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->guest_off = true;
    }
}

/* Write what @fd takes of @buf. Returns false when nobody is there. */
static bool drain(int fd, struct vt_buf *buf)
{
    ssize_t n = write(fd, buf->data, buf->len);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    buf->len -= (size_t)n;
    if (buf->len > 0)
        memmove(buf->data, buf->data + n, buf->len);
    return true;
}

static void read_signal(struct session *s)
{
    struct signalfd_siginfo info;

    if (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        s->signal = (int)info.ssi_signo;
}

enum { INPUT, GUEST, SCREEN, SIGNALS, SLOTS };

static void prepare_poll(const struct session *s, struct pollfd set[SLOTS])
{
    bool typed = s->to_guest.len > 0, said = s->to_screen.len > 0;

    /* A negative descriptor is left out: an ended one would wake us again and again. */
    set[INPUT] = (struct pollfd){s->input_ended || typed ? -1 : STDIN_FILENO, POLLIN, 0};
    set[GUEST] =
        (struct pollfd){s->client.fd, (short)((typed ? POLLOUT : 0) | (said ? 0 : POLLIN)), 0};
    set[SCREEN] = (struct pollfd){said ? s->out_fd : -1, POLLOUT, 0};
    set[SIGNALS] = (struct pollfd){s->signal_fd, POLLIN, 0};
}

/* Whether the launcher has not yet taken all that we sent, as the guest does not. */
static bool is_being_typed(const struct session *s)
{
    int left = 0;

    return s->to_guest.len > 0 || (ioctl(s->client.fd, SIOCOUTQ, &left) == 0 && left > 0);
}

/* How long to wait, in ms: only a silence after the input's end is timed. */
static int time_left(const struct session *s)
{
    int64_t now = vt_now_ms(), end = s->heard + (int64_t)s->wishes->wait_seconds * 1000;

    if (!s->input_ended || s->to_screen.len > 0)
        return -1;
    if (is_being_typed(s))
        return 100; /* nothing tells when it has taken them */
    if (s->typed && !s->answered)
        end += ECHO_TIME;
    return end > now ? (int)(end - now) : 0;
}

static bool guest_speaks(const struct session *s)
{
    struct pollfd p = {.fd = s->client.fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static bool is_over(const struct session *s)
{
    if (s->signal)
        return true;
    /* What the guest said last is shown before we go. */
    return s->to_screen.len == 0 &&
           (s->left || s->guest_off || (time_left(s) == 0 && !guest_speaks(s)));
}

static void turn(struct session *s)
{
    struct pollfd set[SLOTS];

    prepare_poll(s, set);
    if (poll(set, SLOTS, time_left(s)) <= 0)
        return;
    if (set[SIGNALS].revents)
        read_signal(s);
    if (set[SCREEN].revents && !drain(s->out_fd, &s->to_screen)) {
        s->left = true;
        s->to_screen.len = 0;
    }
    if ((set[GUEST].revents & POLLOUT) && !drain(s->client.fd, &s->to_guest))
        s->to_guest.len = 0;
    if (set[GUEST].revents & (POLLIN | POLLHUP | POLLERR) && s->to_screen.len == 0)
        read_guest(s);
    if (set[INPUT].revents)
        read_input(s);
}

/* ---- beginning and end ---- */

static void make_raw(struct session *s)
{
    struct termios raw;

    if (!s->person || tcgetattr(STDIN_FILENO, &s->saved) < 0)
        return;
    raw = s->saved;
    cfmakeraw(&raw);
    s->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void restore(struct session *s)
{
    if (s->raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &s->saved);
    s->raw = false;
}

static int catch_signals(struct session *s)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGHUP);
    /* A closed standard output is an error of write(). */
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 ? -errno : 0;
}

/* As if it had not been caught: whoever started us sees what ended us. */
static void die_of_signal(int number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int wait_for_launcher(struct session *s, struct vt_answer *answer, struct vt_error *err)
{
    int r = vt_client_next(&s->client, PATIENCE, answer, err);

    if (r != -ETIMEDOUT)
        return r;
    if (s->person)
        (void)fprintf(stderr, "waiting for the guest to be started\n");
    return vt_client_next(&s->client, -1, answer, err);
}

/* Connect, and take over what came behind the answer. */
static int connect_console(struct session *s, struct vt_error *err)
{
    const struct vt_request request = {.kind = VT_REQUEST_CONSOLE, .history = HISTORY};
    VT_AUTO_ANSWER struct vt_answer answer = {0};
    int r = vt_client_open(&s->client, s->wishes->control, &request, err);

    if (r == 0)
        r = wait_for_launcher(s, &answer, err);
    if (r < 0)
        return r;
    if (answer.kind == VT_ANSWER_STATUS && answer.status == 0)
        return vt_error_set(err, VT_CAUSE_ENDED, -ENOTCONN, "the guest is off");
    if (answer.kind != VT_ANSWER_ACCEPTED)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "%s",
                            answer.text ? answer.text : "the launcher refuses the console");
    vt_buf_add(&s->to_screen, vt_buf_str(&s->client.in), s->client.in.len);
    vt_buf_done(&s->client.in);
    (void)fcntl(s->client.fd, F_SETFL, O_NONBLOCK);
    return 0;
}

static void greet(struct session *s)
{
    VT_AUTO_FREE char *escape = vt_escape_name(s->escape.character);

    if (!s->person)
        return;
    if (s->escape.character == VT_ESCAPE_NONE)
        (void)fprintf(stderr, "the console of %s\n", s->wishes->guest);
    else
        (void)fprintf(stderr, "the console of %s: %s q leaves it, %s ? tells more\n",
                      s->wishes->guest, escape, escape);
}

static void say_goodbye(const struct session *s)
{
    if (s->person)
        (void)fprintf(stderr, "\n%s\n",
                      s->guest_off ? "the guest is off" : "left the console; the guest goes on");
}

static int run(struct session *s, struct vt_error *err)
{
    int r = connect_console(s, err);

    if (r < 0)
        return r;
    greet(s);
    r = catch_signals(s);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot catch signals");
    s->heard = vt_now_ms();
    make_raw(s);
    while (!is_over(s))
        turn(s);
    restore(s);
    if (s->signal)
        die_of_signal(s->signal);
    say_goodbye(s);
    return 0;
}

int vt_console_session_run(const struct vt_console_session *session, struct vt_error *err)
{
    struct session s = {
        .wishes = session,
        .client = VT_CLIENT_INIT,
        .escape = {.character = session->escape},
        .person = isatty(STDIN_FILENO),
        .out_fd = vt_open_anew(STDOUT_FILENO),
        .signal_fd = -1,
        .to_guest = VT_BUF_INIT((size_t)2 * CHUNK_SIZE),
        .to_screen = VT_BUF_INIT(VT_PROTOCOL_HISTORY_MAX + (size_t)2 * VT_PROTOCOL_LINE_MAX),
    };
    int r;

    if (s.out_fd < 0)
        s.out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    r = run(&s, err);
    /* The connection stays: a launcher at its end waits until we have ended. */
    vt_closep(&s.out_fd);
    vt_closep(&s.signal_fd);
    vt_buf_done(&s.client.in);
    vt_buf_done(&s.to_guest);
    vt_buf_done(&s.to_screen);
    return r;
}
