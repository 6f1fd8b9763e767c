/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include "base/str.h"

static enum vt_probe_result end(struct vt_probe *probe, enum vt_probe_result result)
{
    vt_closep(&probe->fd);
    *probe = (struct vt_probe)VT_PROBE_INIT;
    return result;
}

/* What the error of a connection says about the guest. */
static enum vt_probe_result failed(struct vt_probe *probe, int errnum)
{
    bool answered = errnum == ECONNREFUSED || errnum == ECONNRESET || errnum == EPIPE;

    return end(probe, answered ? VT_PROBE_ALIVE : VT_PROBE_SILENT);
}

enum vt_probe_result vt_probe_start(struct vt_probe *probe, const char *address, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    *probe = (struct vt_probe)VT_PROBE_INIT;
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return VT_PROBE_SILENT;
    probe->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe->fd < 0)
        return VT_PROBE_SILENT;
    if (connect(probe->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS)
        return VT_PROBE_PENDING;
    return failed(probe, errno);
}

/* Whether a line of the greeting so far is SSH's: others may come before it. */
static bool is_ssh(const struct vt_probe *probe)
{
    return memmem(probe->greeting, probe->len < 4 ? probe->len : 4, "SSH-", 4) ||
           memmem(probe->greeting, probe->len, "\nSSH-", 5);
}

static enum vt_probe_result read_greeting(struct vt_probe *probe)
{
    ssize_t n = read(probe->fd, probe->greeting + probe->len, sizeof(probe->greeting) - probe->len);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return VT_PROBE_PENDING;
    if (n < 0)
        return failed(probe, errno);
    probe->len += (size_t)n;
    if (is_ssh(probe))
        return end(probe, VT_PROBE_SSH);
    if (n == 0 || probe->len == sizeof(probe->greeting))
        return end(probe, VT_PROBE_ALIVE);
    return VT_PROBE_PENDING;
}

enum vt_probe_result vt_probe_step(struct vt_probe *probe)
{
    int errnum = 0;
    socklen_t len = sizeof(errnum);

    if (probe->connected)
        return read_greeting(probe);
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) < 0)
        errnum = errno;
    if (errnum != 0)
        return failed(probe, errnum);
    probe->connected = true;
    return VT_PROBE_PENDING;
}

enum vt_probe_result vt_probe_stop(struct vt_probe *probe)
{
    return end(probe, probe->connected ? VT_PROBE_ALIVE : VT_PROBE_SILENT);
}

bool vt_probe_is_neighbour(const char *arp, const char *address)
{
    for (const char *line = strchr(arp, '\n'); line; line = strchr(line, '\n')) {
        char ip[16] = "";
        unsigned flags = 0;

        line++;
        if (sscanf(line, "%15s 0x%*1x 0x%4x", ip, &flags) == 2 && vt_streq(ip, address))
            return (flags & ATF_COM) != 0;
    }
    return false;
}
