/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/greeting.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/str.h"

#define GREETING_MAX 256

static int await(int fd, short events, int64_t deadline)
{
    struct pollfd set = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = deadline - vt_now_ms();
        int r = left > 0 ? poll(&set, 1, (int)left) : 0;

        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int finish_connect(int fd, int64_t deadline)
{
    int r = await(fd, POLLOUT, deadline), failure = 0;
    socklen_t len = sizeof(failure);

    if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0)
        return -errno;
    return r < 0 ? r : -failure;
}

int vt_greeting_await(const char *address, uint16_t port, const char *prefix, int timeout_ms)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    VT_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int64_t deadline = vt_now_ms() + timeout_ms;
    char said[GREETING_MAX];
    size_t have = 0, want = strlen(prefix);
    int r = 0;

    if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || want > sizeof(said))
        return -EINVAL;
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
        r = errno == EINPROGRESS ? finish_connect(fd, deadline) : -errno;
    while (r == 0 && have < want) {
        ssize_t n;

        r = await(fd, POLLIN, deadline);
        n = r == 0 ? read(fd, said + have, want - have) : 0;
        if (r == 0 && n <= 0)
            return n == 0 ? -EPROTO : -errno;
        have += (size_t)n;
        if (strncmp(said, prefix, have) != 0)
            return -EPROTO;
    }
    return r;
}
