/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: FREE → (typed) → OPENING on the worker → OPEN, or back to FREE when it is
 * busy. While it is OPEN we hold libvirt's stream, and by it the console; what the stream brings is
 * thrown away (the log has it already). What is typed does not go through the stream, but straight
 * into the pseudo-terminal: virStreamSend() never says that it would block, it blocks, and libvirtd
 * serves nothing more of a connection on which a few pieces wait for a guest that does not read: no
 * power button, no save. The terminal itself just says no.
 *
 * A timer gives the console back some seconds after the last key, though not while the terminal is
 * full: libvirtd would look at the end of a stream only when the guest reads again.
 */
#include "vm/console.h"

#include "base/str.h"
#include "host/loop.h"
#include "vm/typing.h"

#define RELEASE_AFTER 10000 /* ms */

enum state { FREE, OPENING, OPEN };

struct vt_console {
    struct vt_vm *vm;
    struct vt_worker *worker;
    vt_console_callback on_notice;
    void *data;
    enum state state;
    struct vt_typing *typing;
    virStreamPtr stream;
    int release_timer;
    /* The worker's answer to an opening. */
    virStreamPtr opened;
    int opened_tty;
    int open_result;
};

static void drop_stream(void *data)
{
    virStreamPtr stream = data;

    (void)virStreamAbort(stream);
    (void)virStreamFree(stream);
}

static void release(struct vt_console *console)
{
    virStreamPtr stream = console->stream;

    vt_loop_update_timer(console->release_timer, -1);
    vt_typing_end(console->typing);
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

/* The stream is over: somebody took the console, or QEMU ended and its terminal with it. */
static void lose(struct vt_console *console)
{
    bool taken = !vt_typing_is_gone(console->typing);

    release(console);
    if (taken)
        console->on_notice(VT_CONSOLE_LOST, console->data);
    if (vt_typing_is_full(console->typing))
        vt_typing_drop(console->typing);
}

static void on_stream(virStreamPtr stream, int events, void *data)
{
    struct vt_console *console = data;
    bool good = true;

    if (console->stream != stream)
        return;
    if (events & VIR_STREAM_EVENT_READABLE)
        good = discard_output(stream);
    if (!good || (events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP)))
        lose(console);
}

static void on_typing(enum vt_typing_notice notice, void *data)
{
    struct vt_console *console = data;

    switch (notice) {
    case VT_TYPING_ROOM:
        console->on_notice(VT_CONSOLE_ROOM, console->data);
        break;
    case VT_TYPING_GONE:
        lose(console);
        break;
    }
}

static void open_on_worker(void *data)
{
    struct vt_console *console = data;

    console->open_result =
        vt_vm_open_console(console->vm, &console->opened, &console->opened_tty, NULL);
}

static void on_opened(void *data)
{
    struct vt_console *console = data;

    if (console->open_result < 0) {
        console->state = FREE;
        console->on_notice(VT_CONSOLE_BUSY, console->data);
        vt_typing_drop(console->typing);
        return;
    }
    console->stream = VT_TAKE_PTR(console->opened);
    console->state = OPEN;
    if (vt_typing_begin(console->typing, console->opened_tty) < 0 ||
        virStreamEventAddCallback(console->stream, VIR_STREAM_EVENT_READABLE, on_stream, console,
                                  NULL) < 0)
        release(console);
    else
        vt_loop_update_timer(console->release_timer, RELEASE_AFTER);
}

static void on_rest(int timer, void *data)
{
    struct vt_console *console = data;

    (void)timer;
    if (vt_typing_is_taken(console->typing))
        release(console);
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
        .typing = vt_typing_new(on_typing, console),
    };
    console->release_timer = vt_loop_add_timer(-1, on_rest, console);
    return console;
}

bool vt_console_type(struct vt_console *console, const void *text, size_t len)
{
    bool room = vt_typing_add(console->typing, text, len);

    switch (console->state) {
    case FREE:
        console->state = OPENING;
        vt_worker_submit(console->worker, open_on_worker, on_opened, console);
        break;
    case OPENING:
        break;
    case OPEN:
        vt_loop_update_timer(console->release_timer, RELEASE_AFTER);
        break;
    }
    return room;
}

void vt_console_reset(struct vt_console *console)
{
    if (console->state == OPEN)
        release(console);
    vt_typing_drop(console->typing);
}
