/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/health.h"

#include <errno.h>
#include <signal.h>

#include "base/str.h"
#include "config/env.h"

/* Set for the person's own check, so that it may itself ask `virtainer healthcheck`. */
#define MARK "VIRTAINER_HEALTHCHECK"

void vt_health_exec_own(void)
{
    static char name[] = VT_OWN_HEALTHCHECK;
    char *argv[] = {name, NULL};

    if (vt_env_is_set(MARK) || access(name, X_OK) < 0 || setenv(MARK, "1", 1) < 0)
        return;
    (void)execv(name, argv);
}

/* The states that docker-vbox calls healthy, but for a guest that cannot go on. */
int vt_health_check(const struct vt_status *status, struct vt_error *err)
{
    switch (status->phase) {
    case VT_PHASE_RUNNING:
    case VT_PHASE_PAUSED:
    case VT_PHASE_RESUMING:
    case VT_PHASE_SAVING:
    case VT_PHASE_SAVED:
        break;
    default:
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "the guest is %s",
                            vt_phase_name(status->phase));
    }
    if (status->problem)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                            "the guest is paused, because its disk could not be written (%s)",
                            status->problem);
    if (status->qemu_pid > 0 && kill(status->qemu_pid, 0) < 0 && errno == ESRCH)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ESRCH, "QEMU is gone");
    return 0;
}

int vt_health_check_ready(const struct vt_status *status, struct vt_error *err)
{
    const struct vt_ready *ready = &status->ready;

    switch (ready->cloud_init) {
    case VT_CLOUD_INIT_UNSEEN:
        if (status->guest_address || !status->network || vt_streq(status->network, "none"))
            return 0;
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "the guest's address is not known yet");
    case VT_CLOUD_INIT_PENDING:
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cloud-init has not finished");
    case VT_CLOUD_INIT_ERROR:
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cloud-init failed: %s",
                            ready->detail ? ready->detail : "no details");
    default:
        return 0;
    }
}
