/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that answers HTTP on this machine. Include it after cmocka.h. */
#pragma once

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t server;

/* Take connections as long as our parent lives. */
static __attribute__((noreturn)) void serve(int listener,
                                            void (*answer)(int fd, const char *request))
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char request[4096];
        ssize_t n = fd < 0 ? -1 : read(fd, request, sizeof(request) - 1);

        if (n > 0) {
            request[n] = '\0';
            answer(fd, request);
        }
        if (fd >= 0)
            (void)close(fd);
    }
}

/* Start it, with what it is to do with each request. Returns its port, or 0. */
static unsigned start_serving(void (*answer)(int fd, const char *request))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* A proxy of the surroundings would not reach it. */
    if (setenv("no_proxy", "*", 1) < 0 || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 32) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        return 0;
    server = fork();
    if (server == 0)
        serve(listener, answer);
    (void)close(listener);
    return server < 0 ? 0 : ntohs(address.sin_port);
}

static int stop_server(void **state)
{
    (void)state;
    (void)kill(server, SIGKILL);
    return waitpid(server, NULL, 0) == server ? 0 : -1;
}
