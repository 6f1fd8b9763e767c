/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "host/caps.h"
#include "host/files.h"
#include "net/check_priv.h"

/* The tun device's numbers, fixed by the kernel (Documentation/admin-guide/devices.txt). */
#define TUN_MAJOR 10
#define TUN_MINOR 200
/* The kernel shows it in the first network namespace only. */
#define HOST_ONLY "/proc/sys/net/core/dev_weight"

int vt_net_check_own_at(const char *host_only, struct vt_error *err)
{
    if (!vt_path_exists(host_only))
        return 0;
    return vt_error_set(err, VT_CAUSE_NETWORK, -EBUSY,
                        "the container shares the host's network, whose address must not be "
                        "forwarded to the guest; run it without --network host");
}

static int check_capability(const char *status, struct vt_error *err)
{
    uint64_t caps = 0;
    int r = vt_caps_effective_at(status, &caps);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, -r, "cannot read '%s'", status);
    if (caps & VT_CAP(CAP_NET_ADMIN))
        return 0;
    return vt_error_set(err, VT_CAUSE_NETWORK, -EPERM,
                        "the container lacks the capability NET_ADMIN, which the guest's network "
                        "needs: run it with --cap-add NET_ADMIN --device /dev/net/tun, or with "
                        "--privileged");
}

static int try_open(const char *path)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

    return fd < 0 ? -errno : 0;
}

/* A container may make device nodes that it may not open; such a node is not left behind. */
static int make_and_open(const char *path)
{
    int r;

    if (vt_startswith(path, "/dev/net/") && mkdir("/dev/net", 0755) < 0 && errno != EEXIST)
        return -errno;
    if (mknod(path, S_IFCHR | 0666, makedev(TUN_MAJOR, TUN_MINOR)) < 0)
        return -errno;
    if (chmod(path, 0666) < 0)
        return -errno;
    r = try_open(path);
    if (r < 0)
        (void)unlink(path);
    return r;
}

static int check_tun(const char *path, struct vt_error *err)
{
    int r = try_open(path);

    if (r == -ENOENT)
        r = make_and_open(path);
    if (r == 0)
        return 0;
    if (r == -ENODEV || r == -ENXIO)
        return vt_error_set(err, VT_CAUSE_NETWORK, r,
                            "the kernel has no tun devices behind '%s'; load the module on the "
                            "host: modprobe tun",
                            path);
    /* The engine would refuse with EPERM: this is the mode of the host's own device. */
    if (r == -EACCES)
        return vt_error_set(err, VT_CAUSE_NETWORK, r,
                            "'%s' belongs to the host and is closed to the container's user "
                            "namespace; open it to all on the host: chmod 0666 /dev/net/tun",
                            path);
    return vt_error_set(err, VT_CAUSE_NETWORK, r,
                        "the container may not use '%s' (%s), which the guest's network needs; run "
                        "it with --device /dev/net/tun",
                        path, strerror(-r));
}

static bool write_one(const char *path)
{
    VT_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, "1", 1) == 1;
}

static int check_forwarding(const char *path, struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    int r = vt_file_read(path, 64, &text, NULL);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, -r, "cannot read '%s'", path);
    if (text[0] == '1' || write_one(path))
        return 0;
    return vt_error_set(err, VT_CAUSE_NETWORK, -EROFS,
                        "IPv4 forwarding is off in the container and cannot be switched on from "
                        "inside; run it with --sysctl net.ipv4.ip_forward=1");
}

int vt_net_check_at(const struct vt_net_check_paths *paths, struct vt_error *err)
{
    int r = vt_net_check_own_at(paths->host_only, err);

    if (r == 0)
        r = check_capability(paths->status, err);
    if (r == 0)
        r = check_tun(paths->tun, err);
    if (r == 0 && paths->ip_forward)
        r = check_forwarding(paths->ip_forward, err);
    return r;
}

int vt_net_check_own(struct vt_error *err)
{
    return vt_net_check_own_at(HOST_ONLY, err);
}

int vt_net_check(bool forwards, struct vt_error *err)
{
    const struct vt_net_check_paths paths = {
        .status = "/proc/self/status",
        .host_only = HOST_ONLY,
        .tun = "/dev/net/tun",
        .ip_forward = forwards ? "/proc/sys/net/ipv4/ip_forward" : NULL,
    };

    return vt_net_check_at(&paths, err);
}
