/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/health.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/log.h"
#include "base/str.h"
#include "config/env.h"
#include "host/files.h"
#include "launcher/health_priv.h"

/* Set for the person's own check, so that it may itself ask `virtainer healthcheck`. */
#define MARK "VIRTAINER_HEALTHCHECK"
/* Documentation/networking/nf_conntrack-sysctl.rst of the kernel. The count is that of the network
 * namespace, the largest one that of the machine. */
#define CONNTRACK "/proc/sys/net/netfilter"

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
        return status->address_pending ? vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                                                      "the guest's address is not known yet")
                                       : 0;
    case VT_CLOUD_INIT_PENDING:
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cloud-init has not finished");
    case VT_CLOUD_INIT_ERROR:
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "cloud-init failed: %s",
                            ready->detail ? ready->detail : "no details");
    default:
        return 0;
    }
}

/* The number in the file @name of @directory; 0: there is none. */
static uint64_t read_number(const char *directory, const char *name)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/%s", directory, name);
    VT_AUTO_FREE char *text = NULL;
    uint64_t number = 0;

    if (vt_file_read(path, 64, &text, NULL) < 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    return vt_parse_u64(text, UINT32_MAX, &number) < 0 ? 0 : number;
}

char *vt_health_warning_at(const struct vt_status *status, const char *directory)
{
    uint64_t count, most;

    /* With bridge the guest's connections are in it where the host has br_netfilter loaded. */
    if (!status->network ||
        (!vt_streq(status->network, "nat") && !vt_streq(status->network, "bridge")))
        return NULL;
    count = read_number(directory, "nf_conntrack_count");
    most = read_number(directory, "nf_conntrack_max");
    if (most == 0 || count * 20 < most * 19)
        return NULL;
    return vt_fmt("%" PRIu64 " of the %" PRIu64 " connections that the kernel keeps track of at a "
                  "time are in use in the container, and when all are, new ones are dropped: raise "
                  "net.netfilter.nf_conntrack_max on the machine",
                  count, most);
}

void vt_health_warn(const struct vt_status *status)
{
    VT_AUTO_FREE char *warning = vt_health_warning_at(status, CONNTRACK);

    if (warning)
        vt_warning("%s", warning);
}
