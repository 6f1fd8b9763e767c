/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: SIGCHLD and the stop signals are blocked from the first moment and read from
 * two signalfds. They are apart because a wait outside the loop (a download, qemu-img) must see a
 * stop without stealing it from the loop and without waking for children. Children are reaped in
 * one place, with waitpid(-1): as PID 1 we inherit everybody's; what another thread waits for it
 * gets from there (host/child.h). A child that ends before anybody asked for it (QEMU in the moment
 * it detaches) is kept in a short list, so that its status is not lost.
 */
#include "host/loop.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/str.h"
#include "host/child.h"

enum { MAX_CHILDREN = 32 };

struct child {
    pid_t pid; /* 0: free */
    bool ended;
    int status;
    vt_child_callback callback; /* NULL: nobody asked yet */
    void *data;
};

static struct {
    int stop_fd;
    int child_fd;
    bool quit;
    vt_signal_callback on_signal;
    void *on_signal_data;
    struct child children[MAX_CHILDREN];
    unsigned next_victim; /* where the next unasked-for child goes when the list is full */
} loop = {.stop_fd = -1, .child_fd = -1};

static struct child *find_child(pid_t pid)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++) {
        if (loop.children[i].pid == pid)
            return &loop.children[i];
    }
    return NULL;
}

/* A free place; failing that, one of a child that ended and that nobody asked for. */
static struct child *new_child(void)
{
    struct child *free_place = find_child(0);

    for (unsigned i = 0; !free_place && i < MAX_CHILDREN; i++) {
        struct child *c = &loop.children[loop.next_victim++ % MAX_CHILDREN];

        if (!c->callback)
            free_place = c;
    }
    return free_place;
}

static void report_child(struct child *c)
{
    struct child copy = *c;

    *c = (struct child){0};
    copy.callback(copy.pid, copy.status, copy.data);
}

static void note_ended(pid_t pid, int status)
{
    struct child *c = find_child(pid);

    if (!c) {
        c = new_child();
        if (!c)
            return;
        *c = (struct child){.pid = pid};
    }
    c->ended = true;
    c->status = status;
    if (c->callback)
        report_child(c);
}

void vt_loop_reap(void)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(loop.child_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        ;
    while ((pid = vt_child_reap_other(&status)) > 0)
        note_ended(pid, status);
}

static void on_child_signal(int watch, int fd, unsigned events, void *data)
{
    (void)watch;
    (void)fd;
    (void)events;
    (void)data;
    vt_loop_reap();
}

static void on_stop_signal(int watch, int fd, unsigned events, void *data)
{
    struct signalfd_siginfo info;

    (void)watch;
    (void)events;
    (void)data;
    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (loop.on_signal)
            loop.on_signal((int)info.ssi_signo, loop.on_signal_data);
    }
}

static void fill_sets(sigset_t *stop, sigset_t *child)
{
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    sigaddset(stop, SIGQUIT);
    sigemptyset(child);
    sigaddset(child, SIGCHLD);
}

int vt_loop_hold_signals(void)
{
    sigset_t stop, child, all;

    fill_sets(&stop, &child);
    sigorset(&all, &stop, &child);
    /* A closed standard output must be an error of write(), not our end. */
    sigaddset(&all, SIGPIPE);
    return sigprocmask(SIG_BLOCK, &all, NULL) < 0 ? -errno : 0;
}

static int make_signalfds(void)
{
    sigset_t stop, child;

    if (vt_loop_hold_signals() < 0)
        return -errno;
    fill_sets(&stop, &child);
    loop.stop_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    loop.child_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop.stop_fd < 0 || loop.child_fd < 0 ? -errno : 0;
}

int vt_loop_init(struct vt_error *err)
{
    int r = make_signalfds();

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot set up signals");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot become a subreaper");
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cannot set up libvirt's event loop");
    r = vt_loop_add_fd(loop.child_fd, VT_EVENT_READ, on_child_signal, NULL);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot watch for children");
    return 0;
}

int vt_loop_stop_fd(void)
{
    return loop.stop_fd;
}

int vt_loop_child_fd(void)
{
    return loop.child_fd;
}

int vt_loop_on_signal(vt_signal_callback callback, void *data)
{
    int r = vt_loop_add_fd(loop.stop_fd, VT_EVENT_READ, on_stop_signal, NULL);

    loop.on_signal = callback;
    loop.on_signal_data = data;
    return r < 0 ? r : 0;
}

int vt_loop_run(struct vt_error *err)
{
    loop.quit = false;
    while (!loop.quit) {
        if (virEventRunDefaultImpl() < 0)
            return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "libvirt's event loop failed");
    }
    return 0;
}

void vt_loop_quit(void)
{
    loop.quit = true;
}

/* libvirt's event bits and ours are different numbers with the same meaning. */
static int to_libvirt(unsigned events)
{
    int bits = 0;

    if (events & VT_EVENT_READ)
        bits |= VIR_EVENT_HANDLE_READABLE;
    if (events & VT_EVENT_WRITE)
        bits |= VIR_EVENT_HANDLE_WRITABLE;
    return bits;
}

struct fd_watch {
    vt_fd_callback callback;
    void *data;
};

static void on_fd(int watch, int fd, int events, void *data)
{
    const struct fd_watch *w = data;
    unsigned ours = 0;

    if (events & VIR_EVENT_HANDLE_READABLE)
        ours |= VT_EVENT_READ;
    if (events & VIR_EVENT_HANDLE_WRITABLE)
        ours |= VT_EVENT_WRITE;
    if (events & (VIR_EVENT_HANDLE_HANGUP | VIR_EVENT_HANDLE_ERROR))
        ours |= VT_EVENT_HANGUP;
    w->callback(watch, fd, ours, w->data);
}

int vt_loop_add_fd(int fd, unsigned events, vt_fd_callback callback, void *data)
{
    struct fd_watch *w = vt_calloc(1, sizeof(*w));
    int watch;

    *w = (struct fd_watch){callback, data};
    watch = virEventAddHandle(fd, to_libvirt(events), on_fd, w, free);
    if (watch < 0) {
        free(w);
        return -ENOMEM;
    }
    return watch;
}

void vt_loop_update_fd(int watch, unsigned events)
{
    virEventUpdateHandle(watch, to_libvirt(events));
}

void vt_loop_remove_fd(int watch)
{
    (void)virEventRemoveHandle(watch);
}

int vt_loop_add_timer(int ms, vt_timer_callback callback, void *data)
{
    int timer = virEventAddTimeout(ms, callback, data, NULL);

    return timer < 0 ? -ENOMEM : timer;
}

void vt_loop_update_timer(int timer, int ms)
{
    virEventUpdateTimeout(timer, ms);
}

void vt_loop_remove_timer(int timer)
{
    (void)virEventRemoveTimeout(timer);
}

/* Whether a child of ours with this number is there, running or not yet reaped. */
static bool is_there(pid_t pid)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void vt_loop_watch_child(pid_t pid, vt_child_callback callback, void *data)
{
    struct child *c = find_child(pid);

    /* What is kept may be of another child that had this number long ago. */
    if (c && c->ended && is_there(pid))
        *c = (struct child){0};
    if (!c)
        c = new_child();
    if (!c)
        return;
    c->pid = pid;
    c->callback = callback;
    c->data = data;
    if (c->ended)
        report_child(c);
}

void vt_loop_forget_child(pid_t pid)
{
    struct child *c = find_child(pid);

    if (c)
        *c = (struct child){0};
}
