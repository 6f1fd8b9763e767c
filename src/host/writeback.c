/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: nothing tells when another process has dirtied pages, so a thread of its own
 * asks the kernel to write out whatever is dirty, every few ms; sync_file_range() blocks when the
 * disk has enough to do, which is why it is not the loop's. An eventfd ends the thread.
 */
#include "host/writeback.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/str.h"

#define PERIOD 20 /* ms */

struct vt_writeback {
    pthread_t thread;
    int fd;
    int end_fd;
};

static void *push(void *data)
{
    const struct vt_writeback *writeback = data;
    struct pollfd end = {.fd = writeback->end_fd, .events = POLLIN};

    while (poll(&end, 1, PERIOD) == 0)
        (void)sync_file_range(writeback->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return NULL;
}

struct vt_writeback *vt_writeback_begin(int fd)
{
    struct vt_writeback *writeback = vt_calloc(1, sizeof(*writeback));

    writeback->fd = fd;
    writeback->end_fd = eventfd(0, EFD_CLOEXEC);
    if (writeback->end_fd >= 0 && pthread_create(&writeback->thread, NULL, push, writeback) == 0)
        return writeback;
    if (writeback->end_fd >= 0)
        (void)close(writeback->end_fd);
    free(writeback);
    return NULL;
}

void vt_writeback_end(struct vt_writeback *writeback)
{
    const uint64_t one = 1;

    if (!writeback)
        return;
    (void)!write(writeback->end_fd, &one, sizeof(one));
    (void)pthread_join(writeback->thread, NULL);
    (void)close(writeback->end_fd);
    free(writeback);
}
