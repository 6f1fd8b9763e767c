/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: FREE → (typed) → OPENING on the worker → OPEN, or back to FREE when it is
 * busy. While it is OPEN, what is typed goes to the stream, and what the stream brings is thrown
 * away (the log has it already). A timer gives the console back some seconds after the last key.
 */
#include "vm/console.h"

#include <errno.h>

#include "base/str.h"
#include "host/loop.h"

/* Above half of this no more should come, which leaves the other half for what was under way. */
#define MAX_PENDING   65536
#define RELEASE_AFTER 10000 /* ms */

enum state { FREE, OPENING, OPEN };

struct vt_console {
    struct vt_vm *vm;
    struct vt_worker *worker;
    vt_console_callback on_notice;
    void *data;
    enum state state;
    struct vt_buf pending;
    bool full; /* somebody waits for room */
    virStreamPtr stream;
    int release_timer;
    /* The worker's answer to an opening. */
    virStreamPtr opened;
    int open_result;
};

static void drop_stream(void *data)
{
    virStreamPtr stream = data;

    (void)virStreamAbort(stream);
    (void)virStreamFree(stream);
}

/* Something was sent or dropped. */
static void tell_room(struct vt_console *console)
{
    if (!console->full || console->pending.len > MAX_PENDING / 4)
        return;
    console->full = false;
    console->on_notice(VT_CONSOLE_ROOM, console->data);
}

static void drop_pending(struct vt_console *console)
{
    vt_buf_done(&console->pending);
    tell_room(console);
}

static void release(struct vt_console *console)
{
    virStreamPtr stream = console->stream;

    vt_loop_update_timer(console->release_timer, -1);
    console->stream = NULL;
    console->state = FREE;
    if (!stream)
        return;
    (void)virStreamEventRemoveCallback(stream);
    vt_worker_submit(console->worker, drop_stream, NULL, stream);
}

/* Throw away what the console says. Returns whether the stream is still good. */
static bool discard_output(virStreamPtr stream)
{
    char chunk[16384];
    int n;

    do {
        n = virStreamRecv(stream, chunk, sizeof(chunk));
    } while (n > 0);
    return n == -2;
}

/* Send what is pending. Returns whether the stream is still good. */
static bool send_pending(struct vt_console *console)
{
    struct vt_buf *pending = &console->pending;

    while (pending->len > 0) {
        int n = virStreamSend(console->stream, pending->data, pending->len);

        if (n == -2)
            return true;
        if (n < 0)
            return false;
        memmove(pending->data, pending->data + n, pending->len - (size_t)n);
        pending->len -= (size_t)n;
    }
    return true;
}

static int wanted_events(const struct vt_console *console)
{
    return VIR_STREAM_EVENT_READABLE | (console->pending.len > 0 ? VIR_STREAM_EVENT_WRITABLE : 0);
}

static void on_stream(virStreamPtr stream, int events, void *data)
{
    struct vt_console *console = data;
    bool good = true;

    if (console->stream != stream)
        return;
    if (events & VIR_STREAM_EVENT_READABLE)
        good = discard_output(stream);
    if (good && (events & VIR_STREAM_EVENT_WRITABLE))
        good = send_pending(console);
    if (!good || (events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP))) {
        release(console);
        console->on_notice(VT_CONSOLE_LOST, console->data);
        if (console->full)
            drop_pending(console);
        return;
    }
    (void)virStreamEventUpdateCallback(stream, wanted_events(console));
    tell_room(console);
}

static void open_on_worker(void *data)
{
    struct vt_console *console = data;

    console->open_result = vt_vm_open_console(console->vm, &console->opened, NULL);
}

static void on_opened(void *data)
{
    struct vt_console *console = data;

    if (console->open_result < 0) {
        console->state = FREE;
        console->on_notice(VT_CONSOLE_BUSY, console->data);
        drop_pending(console);
        return;
    }
    console->stream = VT_TAKE_PTR(console->opened);
    console->state = OPEN;
    if (virStreamEventAddCallback(console->stream, wanted_events(console), on_stream, console,
                                  NULL) < 0)
        release(console);
    else
        vt_loop_update_timer(console->release_timer, RELEASE_AFTER);
}

static void on_rest(int timer, void *data)
{
    (void)timer;
    release(data);
}

struct vt_console *vt_console_new(struct vt_vm *vm, struct vt_worker *worker,
                                  vt_console_callback on_notice, void *data)
{
    struct vt_console *console = vt_calloc(1, sizeof(*console));

    *console = (struct vt_console){
        .vm = vm,
        .worker = worker,
        .on_notice = on_notice,
        .data = data,
        .pending = VT_BUF_INIT(MAX_PENDING),
    };
    console->release_timer = vt_loop_add_timer(-1, on_rest, console);
    return console;
}

bool vt_console_type(struct vt_console *console, const void *text, size_t len)
{
    vt_buf_add(&console->pending, text, len);
    switch (console->state) {
    case FREE:
        console->state = OPENING;
        vt_worker_submit(console->worker, open_on_worker, on_opened, console);
        break;
    case OPENING:
        break;
    case OPEN:
        vt_loop_update_timer(console->release_timer, RELEASE_AFTER);
        (void)virStreamEventUpdateCallback(console->stream, wanted_events(console));
        break;
    }
    console->full = console->full || console->pending.len > MAX_PENDING / 2;
    return !console->full;
}

void vt_console_reset(struct vt_console *console)
{
    if (console->state == OPEN)
        release(console);
    drop_pending(console);
}
