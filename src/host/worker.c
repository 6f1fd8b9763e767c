/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: two lists under one mutex, jobs to do and jobs done. The thread sleeps on a
 * condition; the loop watches an eventfd. The thread lives as long as the process: a call that
 * hangs in libvirt could not be joined anyway.
 */
#include "host/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/loop.h"

struct job {
    vt_work work;
    vt_work_done done;
    void *data;
    struct job *next;
};

struct vt_worker {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *todo;
    struct job *finished;
    int event_fd;
};

static void append(struct job **list, struct job *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static struct job *take_first(struct job **list)
{
    struct job *job = *list;

    if (job)
        *list = job->next;
    return job;
}

static void *serve(void *data)
{
    struct vt_worker *worker = data;
    const uint64_t one = 1;

    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        struct job *job = take_first(&worker->todo);

        if (!job) {
            pthread_cond_wait(&worker->wake, &worker->mutex);
            continue;
        }
        pthread_mutex_unlock(&worker->mutex);
        job->work(job->data);
        pthread_mutex_lock(&worker->mutex);
        append(&worker->finished, job);
        (void)!write(worker->event_fd, &one, sizeof(one));
    }
    return NULL;
}

static void on_finished(int watch, int fd, unsigned events, void *data)
{
    struct vt_worker *worker = data;
    uint64_t count;

    (void)watch;
    (void)events;
    (void)!read(fd, &count, sizeof(count));
    for (;;) {
        struct job *job;

        pthread_mutex_lock(&worker->mutex);
        job = take_first(&worker->finished);
        pthread_mutex_unlock(&worker->mutex);
        if (!job)
            return;
        if (job->done)
            job->done(job->data);
        free(job);
    }
}

int vt_worker_new(struct vt_worker **ret, struct vt_error *err)
{
    struct vt_worker *worker = vt_calloc(1, sizeof(*worker));
    pthread_t thread;
    int r;

    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wake, NULL);
    worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = worker->event_fd < 0 ? -errno : 0;
    if (r == 0)
        r = vt_loop_add_fd(worker->event_fd, VT_EVENT_READ, on_finished, worker);
    if (r >= 0)
        r = -pthread_create(&thread, NULL, serve, worker);
    if (r < 0) {
        vt_closep(&worker->event_fd);
        free(worker);
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot start the worker thread");
    }
    pthread_detach(thread);
    *ret = worker;
    return 0;
}

void vt_worker_submit(struct vt_worker *worker, vt_work work, vt_work_done done, void *data)
{
    struct job *job = vt_calloc(1, sizeof(*job));

    *job = (struct job){work, done, data, NULL};
    pthread_mutex_lock(&worker->mutex);
    append(&worker->todo, job);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

/* What vt_worker_call() hands to the thread: the work, and where to say that it is done. */
struct call {
    vt_work work;
    void *data;
    int done_fd;
};

static void run_call(void *data)
{
    const struct call *call = data;
    const uint64_t one = 1;

    call->work(call->data);
    (void)!write(call->done_fd, &one, sizeof(one));
}

/* Wait for the first descriptor of @set, reaping children at each wake-up. Returns its index. */
static int wait_for_one(struct pollfd *set, nfds_t count, const struct vt_worker_limits *limits)
{
    int64_t deadline = -1; /* ms; -1: there is none */

    for (;;) {
        int64_t left = deadline < 0 ? -1 : deadline - vt_now_ms();
        int n = deadline >= 0 && left <= 0 ? 0 : poll(set, count, (int)left);

        if (n == 0)
            return -ETIMEDOUT;
        if (n < 0)
            continue;
        for (nfds_t i = 0; i + 1 < count; i++) {
            if (set[i].revents)
                return (int)i;
        }
        vt_loop_reap();
        /* It is not given anew by each child that ends. */
        if (limits->patience && deadline < 0) {
            int patience = limits->patience(limits->data);

            deadline = patience < 0 ? -1 : vt_now_ms() + patience;
        }
    }
}

int vt_worker_call(struct vt_worker *worker, vt_work work, void *data,
                   const struct vt_worker_limits *limits)
{
    static const struct vt_worker_limits none;
    struct call *call = vt_calloc(1, sizeof(*call));
    struct pollfd *set;
    int done_fd = eventfd(0, EFD_CLOEXEC);
    int ended;

    if (!limits)
        limits = &none;
    set = vt_calloc(limits->abort_count + 2, sizeof(*set));
    *call = (struct call){work, data, done_fd};
    set[0] = (struct pollfd){.fd = done_fd, .events = POLLIN};
    for (size_t i = 0; i < limits->abort_count; i++)
        set[1 + i] = (struct pollfd){.fd = limits->abort_fds[i], .events = POLLIN};
    set[1 + limits->abort_count] = (struct pollfd){.fd = vt_loop_child_fd(), .events = POLLIN};
    vt_worker_submit(worker, run_call, free, call);
    ended = wait_for_one(set, limits->abort_count + 2, limits);
    /* When the wait was ended early the thread may yet write to the descriptor: leave it open. */
    if (ended == 0)
        (void)close(done_fd);
    free(set);
    return ended;
}
