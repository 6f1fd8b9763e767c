/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/input.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/str.h"

struct vt_growth {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t size;
    bool ended;
    bool given_up;
};

struct vt_growth *vt_growth_new(void)
{
    struct vt_growth *growth = vt_calloc(1, sizeof(*growth));

    pthread_mutex_init(&growth->mutex, NULL);
    pthread_cond_init(&growth->changed, NULL);
    return growth;
}

void vt_growth_free(struct vt_growth *growth)
{
    if (!growth)
        return;
    pthread_cond_destroy(&growth->changed);
    pthread_mutex_destroy(&growth->mutex);
    free(growth);
}

void vt_growth_reach(struct vt_growth *growth, uint64_t size)
{
    pthread_mutex_lock(&growth->mutex);
    growth->size = size;
    pthread_cond_signal(&growth->changed);
    pthread_mutex_unlock(&growth->mutex);
}

void vt_growth_end(struct vt_growth *growth)
{
    pthread_mutex_lock(&growth->mutex);
    growth->ended = true;
    pthread_cond_signal(&growth->changed);
    pthread_mutex_unlock(&growth->mutex);
}

void vt_growth_give_up(struct vt_growth *growth)
{
    pthread_mutex_lock(&growth->mutex);
    growth->given_up = true;
    pthread_cond_signal(&growth->changed);
    pthread_mutex_unlock(&growth->mutex);
}

/* Wait for bytes at @offset. Returns 0 with how many there are in @ret, none at the end. */
static int wait_for(struct vt_growth *growth, uint64_t offset, uint64_t *ret)
{
    int r;

    pthread_mutex_lock(&growth->mutex);
    while (growth->size <= offset && !growth->ended && !growth->given_up)
        pthread_cond_wait(&growth->changed, &growth->mutex);
    *ret = growth->size > offset ? growth->size - offset : 0;
    r = growth->given_up ? -ECANCELED : 0;
    pthread_mutex_unlock(&growth->mutex);
    return r;
}

ssize_t vt_input_read(const struct vt_input *input, void *buf, size_t len, uint64_t offset)
{
    uint64_t there = len;
    ssize_t n;
    int r = input->growth ? wait_for(input->growth, offset, &there) : 0;

    if (r < 0)
        return r;
    do
        n = pread(input->fd, buf, there < len ? (size_t)there : len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int vt_input_read_head(const struct vt_input *input, uint8_t *buf, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = vt_input_read(input, buf + len, size - len, len);

        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}
