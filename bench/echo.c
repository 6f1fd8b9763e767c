/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usage: echo PORT: a TCP server that gives back what it gets, one caller after another. It does as
 * little as a server can, so that what network.sh measures is the network. Linked statically, it
 * runs in any guest. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int caller)
{
    char bytes[64];
    ssize_t n;

    while ((n = read(caller, bytes, sizeof bytes)) > 0)
        if (write(caller, bytes, (size_t)n) != n)
            break;
    close(caller);
}

int main(int argc, char **argv)
{
    const int yes = 1;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 2)
        return 2;
    any.sin6_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    /* Callers' sockets inherit it from the one that listens. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 1024) < 0) {
        perror("echo");
        return 1;
    }
    for (;;)
        answer(accept(fd, NULL, NULL));
}
