/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/outlet.h"

#include <errno.h>

#include "base/str.h"
#include "host/loop.h"

struct vt_outlet {
    int fd;
    int watch;
    bool waiting; /* the loop waits for room */
    bool gone;
    struct vt_buf queue;
    size_t start;     /* bytes at the queue's beginning that were written already */
    uint64_t dropped; /* since the last report; not 0: it is dropping */
    vt_outlet_dropped on_dropped;
    void *data;
};

static void wait_for_room(struct vt_outlet *o, bool wait)
{
    if (o->waiting == wait)
        return;
    o->waiting = wait;
    vt_loop_update_fd(o->watch, wait ? VT_EVENT_WRITE : 0);
}

static void clear(struct vt_outlet *o)
{
    vt_buf_done(&o->queue);
    o->start = 0;
    wait_for_room(o, false);
}

/* Write without waiting. Returns how many bytes went out; nobody there (EPIPE, EIO) counts as all
 * of them. */
static size_t write_some(struct vt_outlet *o, const char *data, size_t len)
{
    size_t done = 0;

    while (done < len && !o->gone) {
        ssize_t n = write(o->fd, data + done, len - done);

        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            return done;
        else if (errno != EINTR)
            o->gone = true;
    }
    return len;
}

static size_t queued(const struct vt_outlet *o)
{
    return o->queue.len - o->start;
}

/* Enough room again after dropping: tell, and go on. */
static void end_dropping(struct vt_outlet *o)
{
    uint64_t dropped = o->dropped;

    if (dropped == 0 || queued(o) > o->queue.limit / 2)
        return;
    o->dropped = 0;
    if (o->on_dropped)
        o->on_dropped(dropped, o->data);
}

size_t vt_outlet_flush(struct vt_outlet *o)
{
    o->start += write_some(o, o->queue.data + o->start, queued(o));
    if (queued(o) == 0)
        clear(o);
    end_dropping(o);
    return queued(o);
}

static void on_room(int watch, int fd, unsigned events, void *data)
{
    (void)watch;
    (void)fd;
    (void)events;
    (void)vt_outlet_flush(data);
}

/* Make the room again of what was written already. */
static void compact(struct vt_outlet *o)
{
    o->queue.len -= o->start;
    memmove(o->queue.data, o->queue.data + o->start, o->queue.len);
    o->start = 0;
}

static void enqueue(struct vt_outlet *o, const char *data, size_t len)
{
    size_t room, take;

    if (len > o->queue.limit - o->queue.len && o->start > 0)
        compact(o);
    room = o->queue.limit - o->queue.len;
    take = len < room ? len : room;
    vt_buf_add(&o->queue, data, take);
    o->dropped += len - take;
    wait_for_room(o, true);
}

void vt_outlet_add(struct vt_outlet *o, const void *data, size_t len)
{
    size_t done;

    if (o->dropped > 0) {
        o->dropped += len;
        return;
    }
    done = queued(o) == 0 ? write_some(o, data, len) : 0;
    if (done < len)
        enqueue(o, (const char *)data + done, len - done);
}

void vt_outlet_add_whole(struct vt_outlet *o, const void *data, size_t len)
{
    if (o->dropped == 0 && len <= o->queue.limit - queued(o)) {
        vt_outlet_add(o, data, len);
        return;
    }
    o->dropped += len;
    wait_for_room(o, true); /* also when nothing is queued: then it is told at once */
}

bool vt_outlet_is_gone(const struct vt_outlet *o)
{
    return o->gone;
}

int vt_outlet_new(struct vt_outlet **ret, int fd, size_t limit, vt_outlet_dropped on_dropped,
                  void *data)
{
    struct vt_outlet *o = vt_calloc(1, sizeof(*o));

    *o = (struct vt_outlet){
        .fd = fd,
        .queue = VT_BUF_INIT(limit),
        .on_dropped = on_dropped,
        .data = data,
    };
    o->watch = vt_loop_add_fd(fd, 0, on_room, o);
    if (o->watch < 0) {
        int r = o->watch;

        free(o);
        return r;
    }
    *ret = o;
    return 0;
}

void vt_outlet_free(struct vt_outlet *o)
{
    if (!o)
        return;
    vt_loop_remove_fd(o->watch);
    vt_buf_done(&o->queue);
    free(o);
}
