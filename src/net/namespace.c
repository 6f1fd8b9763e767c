/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/namespace.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

/* The kernel keeps abstract names (unix(7)) for each network namespace by itself, and for no longer
 * than the socket is open. */
#define NAME "virtainer network"

int vt_namespace_take(struct vt_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    VT_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path + 1, NAME, sizeof(NAME) - 1);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        (void)VT_TAKE_FD(fd); /* stays open */
        return 0;
    }
    if (errno == EADDRINUSE)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EBUSY,
                            "another virtainer runs in this network namespace; give this one a "
                            "network of its own");
    return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot take the container's network");
}
