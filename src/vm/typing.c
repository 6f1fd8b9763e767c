/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/typing.h"

#include <errno.h>
#include <poll.h>

#include "base/str.h"
#include "host/loop.h"

/* Above half of this no more should come, which leaves the other half for what was under way. */
#define MAX_PENDING 65536

struct vt_typing {
    vt_typing_callback on_notice;
    void *data;
    struct vt_buf pending;
    bool full; /* somebody waits for room */
    int fd;    /* -1: no terminal */
    int watch;
};

/* Something was written or dropped. */
static void tell_room(struct vt_typing *typing)
{
    if (!typing->full || typing->pending.len > MAX_PENDING / 4)
        return;
    typing->full = false;
    typing->on_notice(VT_TYPING_ROOM, typing->data);
}

/* Write what the terminal takes. Returns whether it is still good. */
static bool write_pending(struct vt_typing *typing)
{
    struct vt_buf *pending = &typing->pending;

    while (pending->len > 0) {
        ssize_t n = write(typing->fd, pending->data, pending->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        memmove(pending->data, pending->data + n, pending->len - (size_t)n);
        pending->len -= (size_t)n;
    }
    return true;
}

/* To be woken is only needed while something waits. */
static void update_watch(struct vt_typing *typing)
{
    vt_loop_update_fd(typing->watch, typing->pending.len > 0 ? VT_EVENT_WRITE : 0);
}

static void on_writable(int watch, int fd, unsigned events, void *data)
{
    struct vt_typing *typing = data;

    (void)watch;
    (void)fd;
    if (!write_pending(typing) || (events & VT_EVENT_HANGUP)) {
        vt_loop_update_fd(typing->watch, 0);
        typing->on_notice(VT_TYPING_GONE, typing->data);
        return;
    }
    update_watch(typing);
    tell_room(typing);
}

struct vt_typing *vt_typing_new(vt_typing_callback on_notice, void *data)
{
    struct vt_typing *typing = vt_calloc(1, sizeof(*typing));

    *typing = (struct vt_typing){
        .on_notice = on_notice,
        .data = data,
        .pending = VT_BUF_INIT(MAX_PENDING),
        .fd = -1,
    };
    return typing;
}

bool vt_typing_add(struct vt_typing *typing, const void *text, size_t len)
{
    vt_buf_add(&typing->pending, text, len);
    /* Written by the loop, not here: an error is then told in one place. */
    if (typing->fd >= 0)
        update_watch(typing);
    typing->full = typing->full || typing->pending.len > MAX_PENDING / 2;
    return !typing->full;
}

int vt_typing_begin(struct vt_typing *typing, int fd)
{
    int watch = vt_loop_add_fd(fd, 0, on_writable, typing);

    if (watch < 0) {
        (void)close(fd);
        return watch;
    }
    typing->fd = fd;
    typing->watch = watch;
    update_watch(typing);
    return 0;
}

void vt_typing_end(struct vt_typing *typing)
{
    if (typing->fd < 0)
        return;
    vt_loop_remove_fd(typing->watch);
    (void)close(typing->fd);
    typing->fd = -1;
}

void vt_typing_drop(struct vt_typing *typing)
{
    vt_buf_done(&typing->pending);
    tell_room(typing);
}

bool vt_typing_is_full(const struct vt_typing *typing)
{
    return typing->full;
}

/* What poll() says at once of the terminal; nothing where there is none. */
static int look(const struct vt_typing *typing)
{
    struct pollfd p = {.fd = typing->fd, .events = POLLOUT};

    return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

bool vt_typing_is_taken(const struct vt_typing *typing)
{
    return typing->pending.len == 0 && (look(typing) & POLLOUT);
}

bool vt_typing_is_gone(const struct vt_typing *typing)
{
    return look(typing) & (POLLHUP | POLLERR);
}
