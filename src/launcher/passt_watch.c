/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/passt_watch.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/str.h"
#include "host/loop.h"
#include "launcher/repeats.h"
#include "net/user.h"

static struct {
    const struct vt_net_plan *plan;
    int watch; /* of the socket where QEMU comes back; negative: there is none yet */
    struct vt_repeats ends, failures;
} passt;

static void on_exit_of_passt(pid_t pid, int status, void *data);

static void tell_failure(const struct vt_error *err)
{
    vt_repeats_tell(&passt.failures, err->msg);
}

/* The loop waits for this one, some 100 ms: that passt ends is rare, and only when it is ready is
 * its process known. A stop signal ends the wait, and is answered by the loop. Where it fails,
 * QEMU's connection ends, and QEMU comes back in 5 s. */
static void on_qemu(int watch, int fd, unsigned events, void *data)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int qemu = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    pid_t pid;

    (void)events;
    (void)data;
    if (qemu < 0)
        return;
    pid = vt_user_start_for(passt.plan, qemu, vt_loop_stop_fd(), &err);
    if (pid < 0) {
        tell_failure(&err);
        return;
    }
    vt_loop_update_fd(watch, 0);
    vt_loop_watch_child(pid, on_exit_of_passt, NULL);
}

static int wait_for_qemu(struct vt_error *err)
{
    int fd;

    if (passt.watch >= 0) {
        vt_loop_update_fd(passt.watch, VT_EVENT_READ);
        return 0;
    }
    fd = vt_user_listen(err);
    if (fd < 0)
        return fd;
    passt.watch = vt_loop_add_fd(fd, VT_EVENT_READ, on_qemu, NULL);
    return passt.watch < 0 ? vt_error_set(err, VT_CAUSE_NETWORK, passt.watch,
                                          "passt is not started again: no event loop")
                           : 0;
}

static void on_exit_of_passt(pid_t pid, int status, void *data)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *text =
        vt_fmt("passt ended (%s %d); it is started again, and the guest runs on",
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));

    (void)pid;
    (void)data;
    vt_repeats_tell(&passt.ends, text);
    if (wait_for_qemu(&err) < 0)
        tell_failure(&err);
}

void vt_passt_watch(const struct vt_net_plan *plan, pid_t pid)
{
    passt.plan = plan;
    passt.watch = -1;
    vt_loop_watch_child(pid, on_exit_of_passt, NULL);
}
