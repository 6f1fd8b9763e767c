/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/guest_clean.h"

#include <errno.h>

#include "base/str.h"

/* $1 is the script below, $2 its argument. */
static const char as_root[] = "[ \"$(id -u)\" != 0 ] || exec sh -c \"$1\" sh \"$2\"\n"
                              "sudo -n true || exit 12\n"
                              "exec sudo -n sh -c \"$1\" sh \"$2\"\n";

/*
 * An empty machine-id is made anew by the next boot (machine-id(5)), as are host keys by
 * cloud-init. Without the keys of the old users nobody of before is let in.
 */
static const char script[] =
    "set -eu\n"
    "command -v cloud-init >/dev/null || exit 10\n"
    "cloud-init clean --logs --seed || exit 11\n"
    "rm -f \"$1\"/root/.ssh/authorized_keys \"$1\"/home/*/.ssh/authorized_keys\n"
    "rm -f \"$1\"/etc/ssh/ssh_host_*\n"
    "[ -L \"$1/var/lib/dbus/machine-id\" ] || rm -f \"$1/var/lib/dbus/machine-id\"\n"
    "[ ! -e \"$1/etc/machine-id\" ] || : >\"$1/etc/machine-id\"\n"
    "sync\n";

void vt_guest_clean_argv(const char *root, const char *ret_argv[VT_GUEST_CLEAN_ARGS])
{
    const char *const argv[VT_GUEST_CLEAN_ARGS] = {"sh", "-c", as_root, "sh", script, root, NULL};

    memcpy(ret_argv, argv, sizeof(argv));
}

int vt_guest_clean(struct vt_way *way, struct vt_error *err)
{
    const char *argv[VT_GUEST_CLEAN_ARGS];
    int r;

    vt_guest_clean_argv("", argv);
    r = vt_way_run(way, argv, err);
    switch (r) {
    case VT_CLEAN_NO_CLOUD_INIT:
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOTSUP,
                            "the guest has no cloud-init, which would make new host keys at the "
                            "next boot, so nothing was changed; clean it by hand");
    case VT_CLEAN_NOT_ROOT:
        return vt_error_set(err, VT_CAUSE_USAGE, -EPERM,
                            "%s may not become root in the guest (sudo), so nothing was changed; "
                            "another user is given with SSH_USER, and the guest agent is root",
                            way->ssh.user ? way->ssh.user : "the agent");
    case VT_CLEAN_FAILED:
        return vt_error_set(
            err, VT_CAUSE_INTERNAL, -EIO,
            "`cloud-init clean` does not work in the guest: run it there (virtainer "
            "exec cloud-init clean --logs --seed) to see why");
    default:
        break;
    }
    if (r <= 0)
        return r;
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                        "cleaning the guest ended with status %d, half done; it can be repeated",
                        r);
}
