/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/interrupt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/str.h"

static struct {
    bool watching;
    int fd;
    int signal; /* that came */
    sigset_t before;
} state;

/* Not one that is ignored: who started us in the background, or by nohup, meant it so. */
static void add_signal(sigset_t *set, int signal)
{
    struct sigaction action;

    if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        (void)sigaddset(set, signal);
}

void vt_interrupt_watch(void)
{
    sigset_t set;

    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    add_signal(&set, SIGINT);
    add_signal(&set, SIGTERM);
    add_signal(&set, SIGHUP);
    state.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (state.fd < 0 || sigprocmask(SIG_BLOCK, &set, &state.before) < 0)
        return;
    state.watching = true;
}

int vt_interrupt_fd(void)
{
    return state.watching ? state.fd : -1;
}

int vt_interrupt_check(struct vt_error *err)
{
    struct signalfd_siginfo info;

    if (!state.watching || read(state.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    state.signal = (int)info.ssi_signo;
    state.watching = false;
    (void)close(state.fd);
    (void)sigprocmask(SIG_SETMASK, &state.before, NULL);
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EINTR, "interrupted by signal %d", state.signal);
}

int vt_interrupt_wait(int fd, short events, int ms, struct vt_error *err)
{
    struct pollfd set[] = {
        {.fd = vt_interrupt_fd(), .events = POLLIN},
        {.fd = fd, .events = events},
    };

    /* Without an answer what follows waits by itself. */
    (void)poll(set, VT_ARRAY_SIZE(set), ms);
    return vt_interrupt_check(err);
}

int vt_interrupt_write(int fd, const void *data, size_t len, struct vt_error *err)
{
    const char *rest = data;

    while (len > 0) {
        int r = vt_interrupt_wait(fd, POLLOUT, -1, err);
        /* A pipe that has room takes this much without waiting. */
        ssize_t n = r < 0 ? 0 : write(fd, rest, len < PIPE_BUF ? len : PIPE_BUF);

        if (r < 0)
            return r;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return vt_error_errno(err, VT_CAUSE_INTERNAL, errno,
                                  "cannot write what comes from the guest");
        rest += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int vt_interrupt_status(int r)
{
    if (r >= 0)
        return r;
    (void)!vt_interrupt_check(NULL);
    if (state.signal)
        return 128 + state.signal;
    return r == -EPIPE ? 128 + SIGPIPE : r;
}
