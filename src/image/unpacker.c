/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpacker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "base/str.h"
#include "host/files.h"
#include "image/input.h"
#include "image/kind.h"
#include "image/part.h"
#include "image/unpack.h"

/* How often it is told how far it is, in ms. */
enum { TELL_EVERY = 250 };

struct vt_unpacker {
    const char *source;
    const char *destination;
    bool with_digest;
    struct vt_input input;
    pthread_t thread;
    bool joined;
    int stop_fd;                 /* readable: it is to end */
    int end_fd;                  /* readable: it has ended */
    atomic_uint_least64_t taken; /* bytes of the input */

    /* The thread's until it is joined. */
    struct vt_unpacked made;
    int result;
    struct vt_error err;
};

void vt_unpacked_done(struct vt_unpacked *unpacked)
{
    free(unpacked->path);
    free(unpacked->digest);
    *unpacked = (struct vt_unpacked){0};
}

/* --- the thread --- */

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    struct vt_unpacker *u = data;

    (void)what;
    (void)total;
    atomic_store(&u->taken, done);
}

/* Whether what arrives is packed, by its beginning. */
static int look(const struct vt_unpacker *u, bool *ret, struct vt_error *err)
{
    VT_AUTO_FREE uint8_t *head = vt_calloc(1, VT_KIND_READ_SIZE);
    size_t len = 0;
    int r = vt_input_read_head(&u->input, head, VT_KIND_READ_SIZE, &len);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, -r, "cannot read %s", u->source);
    *ret = vt_kind_packed(vt_kind_of(head, len));
    return 0;
}

static int unpack(struct vt_unpacker *u, struct vt_error *err)
{
    const struct vt_progress progress = {.step = on_step, .data = u};
    VT_AUTO_CLOSE int out = vt_part_open(u->destination, &u->made.path, err);
    struct vt_unpack what = {
        .source = u->source,
        .input = &u->input,
        .destination = u->destination,
        .out = out,
        .cancel_fd = u->stop_fd,
        .progress = &progress,
        .ret_digest = u->with_digest ? &u->made.digest : NULL,
    };

    return out < 0 ? out : vt_unpack_run(&what, err);
}

static void *run(void *data)
{
    struct vt_unpacker *u = data;
    const uint64_t one = 1;
    bool packed = false;

    u->result = look(u, &packed, &u->err);
    if (u->result == 0 && packed)
        u->result = unpack(u, &u->err);
    (void)!write(u->end_fd, &one, sizeof(one));
    return NULL;
}

/* --- who feeds it --- */

static void join(struct vt_unpacker *u)
{
    if (!u->joined)
        (void)pthread_join(u->thread, NULL);
    u->joined = true;
}

/* What it ended with. */
static int result(struct vt_unpacker *u, struct vt_error *err)
{
    join(u);
    return u->result < 0 ? vt_error_set(err, u->err.cause, u->result, "%s", u->err.msg) : 0;
}

static void release(struct vt_unpacker *u)
{
    vt_closep(&u->stop_fd);
    vt_closep(&u->end_fd);
    vt_growth_free(u->input.growth);
    vt_unpacked_done(&u->made);
    vt_error_done(&u->err);
    free(u);
}

int vt_unpacker_begin(const char *source, int fd, const char *destination, bool with_digest,
                      struct vt_unpacker **ret, struct vt_error *err)
{
    struct vt_unpacker *u = vt_calloc(1, sizeof(*u));
    int r = 0;

    *u = (struct vt_unpacker){
        .source = source,
        .destination = destination,
        .with_digest = with_digest,
        .input = {.fd = fd, .growth = vt_growth_new()},
        .stop_fd = eventfd(0, EFD_CLOEXEC),
        .end_fd = eventfd(0, EFD_CLOEXEC),
        .err = VT_ERROR_INIT,
    };
    if (u->stop_fd < 0 || u->end_fd < 0)
        r = -errno;
    if (r == 0)
        r = -pthread_create(&u->thread, NULL, run, u);
    if (r < 0) {
        release(u);
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot start a thread that unpacks %s",
                              source);
    }
    *ret = u;
    return 0;
}

void vt_unpacker_reach(struct vt_unpacker *u, uint64_t size)
{
    vt_growth_reach(u->input.growth, size);
}

int vt_unpacker_check(struct vt_unpacker *u, struct vt_error *err)
{
    return vt_is_readable(u->end_fd) ? result(u, err) : 0;
}

/* Until it has ended. */
static int wait_for_end(const struct vt_unpacker *u, uint64_t size, int cancel_fd,
                        const struct vt_progress *progress, struct vt_error *err)
{
    struct pollfd fds[] = {
        {.fd = u->end_fd, .events = POLLIN},
        {.fd = cancel_fd, .events = POLLIN},
    };

    while (!vt_is_readable(u->end_fd)) {
        uint64_t taken = atomic_load(&u->taken);

        /* What is not packed takes nothing. */
        if (taken > 0)
            vt_progress_step(progress, "unpacking", taken, size);
        (void)poll(fds, VT_ARRAY_SIZE(fds), TELL_EVERY);
        if (fds[1].revents)
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while unpacking %s",
                                u->source);
    }
    return 0;
}

int vt_unpacker_finish(struct vt_unpacker *u, uint64_t size, int cancel_fd,
                       const struct vt_progress *progress, struct vt_unpacked *ret,
                       struct vt_error *err)
{
    int r;

    vt_growth_reach(u->input.growth, size);
    vt_growth_end(u->input.growth);
    r = wait_for_end(u, size, cancel_fd, progress, err);
    if (r == 0)
        r = result(u, err);
    if (r == 0) {
        *ret = u->made;
        u->made = (struct vt_unpacked){0};
    }
    return r;
}

void vt_unpacker_free(struct vt_unpacker *u)
{
    const uint64_t one = 1;

    if (!u)
        return;
    if (!u->joined) {
        (void)!write(u->stop_fd, &one, sizeof(one));
        vt_growth_give_up(u->input.growth);
    }
    join(u);
    if (u->made.path)
        (void)unlink(u->made.path);
    release(u);
}
