/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/child.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"

/* Held from before a child exists until it is in the list, so that none is reaped unknown. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vt_child *children;

int vt_child_start(const struct vt_spawn *spawn, struct vt_child *ret, struct vt_error *err)
{
    int r;

    *ret = (struct vt_child){.fd = -1};
    (void)pthread_mutex_lock(&lock);
    ret->pid = vt_spawn(spawn, err);
    r = ret->pid < 0 ? ret->pid : 0;
    if (r == 0) {
        ret->fd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
        r = ret->fd < 0 ? -errno : 0;
        if (r < 0) {
            (void)kill(ret->pid, SIGKILL);
            (void)waitpid(ret->pid, NULL, 0);
            (void)vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot wait for %s", spawn->argv[0]);
        }
    }
    if (r == 0) {
        ret->next = children;
        children = ret;
    }
    (void)pthread_mutex_unlock(&lock);
    return r;
}

static void take_out(const struct vt_child *child)
{
    struct vt_child **place = &children;

    while (*place && *place != child)
        place = &(*place)->next;
    if (*place)
        *place = child->next;
}

int vt_child_end(struct vt_child *child, bool kill_it)
{
    struct pollfd ended = {.fd = child->fd, .events = POLLIN};

    if (kill_it)
        (void)syscall(SYS_pidfd_send_signal, child->fd, SIGKILL, NULL, 0);
    while (poll(&ended, 1, -1) < 0 && errno == EINTR)
        ;
    (void)pthread_mutex_lock(&lock);
    while (!child->reaped && waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        ;
    take_out(child);
    (void)pthread_mutex_unlock(&lock);
    vt_closep(&child->fd);
    return WIFEXITED(child->status) ? WEXITSTATUS(child->status) : 128 + WTERMSIG(child->status);
}

/* The child that somebody waits for, or NULL. */
static struct vt_child *find(pid_t pid)
{
    struct vt_child *child = children;

    while (child && (child->reaped || child->pid != pid))
        child = child->next;
    return child;
}

pid_t vt_child_reap_other(int *ret_status)
{
    struct vt_child *child;
    pid_t pid;

    (void)pthread_mutex_lock(&lock);
    do {
        pid = waitpid(-1, ret_status, WNOHANG);
        child = pid > 0 ? find(pid) : NULL;
        if (child) {
            child->status = *ret_status;
            child->reaped = true;
        }
    } while (child);
    (void)pthread_mutex_unlock(&lock);
    return pid > 0 ? pid : 0;
}
