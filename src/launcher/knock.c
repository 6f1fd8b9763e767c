/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/knock.h"

#include "base/clock.h"
#include "base/str.h"
#include "host/loop.h"
#include "net/neighbour.h"

/* Milliseconds. */
#define FIRST_PAUSE 200  /* between two knocks, growing from this… */
#define LAST_PAUSE  1000 /* …to this */
/* passt keeps each knock for a guest that has no driver yet, and there is no room for many. */
#define LAST_PAUSE_PASST 3000
#define KNOCK_LIMIT      1500   /* for one knock */
#define PATIENCE         300000 /* for all of them */

struct vt_knock {
    const struct vt_status *status;
    const struct vt_net_plan *net;
    vt_knock_callback callback;
    void *data;

    int neighbour_fd; /* -1: not listened to */
    int neighbour_watch;
    struct vt_probe probe;
    int probe_watch;
    int timer;
    int pause, last_pause;
    int64_t patience_ends;
};

static void stop(struct vt_knock *k)
{
    vt_loop_update_timer(k->timer, -1);
    if (k->probe_watch >= 0)
        vt_loop_remove_fd(k->probe_watch);
    k->probe_watch = -1;
    (void)vt_probe_stop(&k->probe);
}

/* A knock came to @result. */
static void on_answer(struct vt_knock *k, enum vt_probe_result result)
{
    stop(k);
    if (result != VT_PROBE_SSH && vt_now_ms() < k->patience_ends) {
        vt_loop_update_timer(k->timer, k->pause);
        k->pause = k->pause * 3 / 2 < k->last_pause ? k->pause * 3 / 2 : k->last_pause;
    }
    k->callback(result, k->data);
}

static void on_probe(int watch, int fd, unsigned events, void *data)
{
    struct vt_knock *k = data;
    enum vt_probe_result result = vt_probe_step(&k->probe);

    (void)fd;
    (void)events;
    if (result != VT_PROBE_PENDING)
        on_answer(k, result);
    else
        vt_loop_update_fd(watch, VT_EVENT_READ);
}

/* Knock, or give up a knock that takes too long. */
static void on_timer(int timer, void *data)
{
    struct vt_knock *k = data;
    enum vt_probe_result result;

    if (k->probe.fd >= 0) {
        /* passt takes a connection before the guest is asked. */
        on_answer(k, k->probe.connected && !k->net->user ? VT_PROBE_ALIVE : VT_PROBE_SILENT);
        return;
    }
    result = vt_probe_start(&k->probe, k->status->guest_address, VT_PROBE_PORT);
    if (result == VT_PROBE_PENDING)
        k->probe_watch = vt_loop_add_fd(k->probe.fd, VT_EVENT_WRITE, on_probe, k);
    if (result == VT_PROBE_PENDING && k->probe_watch >= 0)
        vt_loop_update_timer(timer, KNOCK_LIMIT);
    else
        on_answer(k, VT_PROBE_SILENT);
}

static void stop_listening(struct vt_knock *k)
{
    if (k->neighbour_fd < 0)
        return;
    vt_loop_remove_fd(k->neighbour_watch);
    vt_closep(&k->neighbour_fd);
    k->neighbour_fd = -1;
}

void vt_knock_after(struct vt_knock *k, int delay)
{
    stop_listening(k);
    if (!k->status->guest_address)
        return;
    stop(k);
    k->patience_ends = vt_now_ms() + PATIENCE;
    k->pause = FIRST_PAUSE;
    vt_loop_update_timer(k->timer, delay);
}

static void on_neighbour(int watch, int fd, unsigned events, void *data)
{
    struct vt_knock *k = data;

    (void)watch;
    (void)events;
    if (vt_neighbour_news(fd, k->net->guest))
        vt_knock_after(k, 0);
}

static void listen_for_guest(struct vt_knock *k)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    /* passt's guest is nobody's neighbour. */
    if (!k->status->guest_address || k->net->user)
        return;
    k->neighbour_fd = vt_neighbour_watch(&err);
    if (k->neighbour_fd >= 0)
        k->neighbour_watch = vt_loop_add_fd(k->neighbour_fd, VT_EVENT_READ, on_neighbour, k);
    else
        vt_knock_after(k, 0);
}

struct vt_knock *vt_knock_new(const struct vt_status *status, const struct vt_net_plan *net,
                              vt_knock_callback callback, void *data)
{
    struct vt_knock *k = vt_calloc(1, sizeof(*k));

    *k = (struct vt_knock){
        .status = status,
        .net = net,
        .callback = callback,
        .data = data,
        .neighbour_fd = -1,
        .probe = VT_PROBE_INIT,
        .last_pause = net->user ? LAST_PAUSE_PASST : LAST_PAUSE,
        .probe_watch = -1,
        .timer = vt_loop_add_timer(-1, on_timer, k),
    };
    listen_for_guest(k);
    return k;
}
