/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pair of sockets where one hears of the other what a filter lets pass: the kernel's answer is
 * the same as at a bridge, and needs no right. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/frames.h"

/* What is sent into the descriptor that is returned and passes @filter comes out of *@ret_out; -1:
 * the kernel has no such pair. */
static __attribute__((unused)) int filtered_pair(const struct vt_filter *filter, int *ret_out)
{
    struct vt_filter copy = *filter;
    const struct sock_fprog program = {copy.len, copy.code};
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return -1;
    *ret_out = fds[1];
    if (setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0)
        return fds[0];
    (void)close(fds[0]);
    (void)close(fds[1]);
    return -1;
}

/* Whether the @size bytes of @frame pass it. */
static __attribute__((unused)) bool filter_passes(const struct vt_filter *filter, const void *frame,
                                                  size_t size)
{
    char first;
    int out = -1, in = filtered_pair(filter, &out);
    bool passed;

    if (in < 0)
        return false;
    (void)!send(in, frame, size, 0);
    passed = recv(out, &first, sizeof(first), 0) > 0;
    (void)close(in);
    (void)close(out);
    return passed;
}
