/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirtd runs as "passt" for the guest's network card: it makes the socket that libvirt
 * wants a link to that of the passt which the launcher runs. libvirt's own passt would have no
 * capability, so no port below 1024 in podman, could not be told where the guest finds the
 * launcher, and would not be started again when it ends (net/user.h).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/user_socket.h"

int main(int argc, char *argv[])
{
    const char *path = NULL;

    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--socket") == 0)
            path = argv[i + 1];
    }
    if (!path) {
        (void)fprintf(stderr, "usage: passt --socket PATH; this is virtainer's, for libvirt\n");
        return 2;
    }
    (void)unlink(path);
    if (symlink(VT_USER_SOCKET, path) < 0) {
        perror(path);
        return 1;
    }
    return 0;
}
