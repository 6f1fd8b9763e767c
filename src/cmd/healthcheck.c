/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "cmd/command.h"
#include "launcher/status.h"

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};

    (void)call;
    /* An engine takes 0 and 1 only, so every reason to fail is a 1. */
    if (vt_status_read(&status, err) < 0) {
        err->cause = VT_CAUSE_INTERNAL;
        return -ENOENT;
    }
    if (status.phase == VT_PHASE_RUNNING && status.qemu_pid > 0 && kill(status.qemu_pid, 0) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ESRCH, "QEMU is gone");
    printf("%s\n", vt_phase_name(status.phase));
    return status.phase == VT_PHASE_RUNNING ? 0 : 1;
}

const struct vt_command vt_cmd_healthcheck = {
    .name = "healthcheck",
    .summary = "succeed if the guest runs",
    .details = "Succeed (status 0) if this container's guest runs, else print its state and\n"
               "fail (status 1). For HEALTHCHECK, Kubernetes probes and people; it asks only\n"
               "what the launcher wrote down and whether QEMU lives, so it costs next to\n"
               "nothing.",
    .run = run,
};
