/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"
#include "host/greeting.h"
#include "launcher/health.h"
#include "vm/agent.h"

#define CONSOLE_STAMP VT_RUN_DIR "/console.stamp"
#define SSH_PORT      22
#define SSH_WAIT      1000 /* ms */

enum { AGENT, SSH, CONSOLE, READY };
static const struct vt_flag flags[] = {
    [AGENT] = {"--agent", NULL, "the guest agent must answer too", NULL, 0, 0},
    [SSH] = {"--ssh", NULL, "its SSH server must introduce itself within a second", NULL, 0, 0},
    [CONSOLE] = {"--console", "SECONDS", "its console must have said something that lately", NULL,
                 1, UINT32_MAX},
    [READY] = {"--ready", NULL, "cloud-init must have ended, degraded at worst, and SSH answer",
               NULL, 0, 0},
    {0},
};

/* An engine takes 0 and 1 only, so every reason to fail is a 1. */
#define unhealthy(err, ...) vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, __VA_ARGS__)

static int check_agent(const struct vt_status *status, struct vt_error *err)
{
    VT_AUTO_SESSION struct vt_session session = {NULL, NULL};
    int r = vt_session_open(status->name, &session, err);

    return r < 0 ? r : vt_agent_ping(&session, err);
}

static int check_ssh(const struct vt_status *status, struct vt_error *err)
{
    int r;

    if (!vt_status_has_network(status))
        return unhealthy(err, "the guest has no network (NETWORK=none)");
    if (!status->guest_address)
        return unhealthy(err, "the guest's address is not known%s",
                         status->address_pending ? " yet" : "");
    r = vt_greeting_await(status->guest_address, SSH_PORT, "SSH-", SSH_WAIT);
    return r < 0 ? unhealthy(err, "the guest's SSH server does not answer at %s: %s",
                             status->guest_address, strerror(-r))
                 : 0;
}

/* In seconds. A guest that has said nothing at all yet is silent since it has been running. */
static int64_t silence(const struct vt_status *status)
{
    struct stat st;

    if (stat(CONSOLE_STAMP, &st) == 0 && st.st_mtim.tv_sec > 0)
        return vt_now_ms() / 1000 - st.st_mtim.tv_sec;
    return time(NULL) - status->since;
}

static int check_console(const struct vt_status *status, uint64_t limit, struct vt_error *err)
{
    int64_t silent = silence(status);

    return silent > (int64_t)limit
               ? unhealthy(err, "the guest's console is silent for %lld s", (long long)silent)
               : 0;
}

/* A guest that shows no sign of cloud-init is ready when SSH answers, and one without network, or
 * whose address will never be known, when it runs. */
static int check_ready(const struct vt_status *status, struct vt_error *err)
{
    int r = vt_health_check_ready(status, err);

    return r == 0 && status->guest_address ? check_ssh(status, err) : r;
}

static int check(const struct vt_call *call, const struct vt_status *status, struct vt_error *err)
{
    const char *const *given = call->flags;
    int r = vt_health_check(status, err);

    if (r == 0 && (given[AGENT] || given[SSH] || given[CONSOLE] || given[READY]) &&
        status->phase != VT_PHASE_RUNNING)
        return unhealthy(err, "the guest is %s", vt_phase_name(status->phase));
    if (r == 0 && given[CONSOLE])
        r = check_console(status, vt_flag_number(given[CONSOLE], 0), err);
    if (r == 0 && given[SSH])
        r = check_ssh(status, err);
    if (r == 0 && given[READY])
        r = check_ready(status, err);
    if (r == 0 && given[AGENT])
        r = check_agent(status, err);
    return r;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r;

    vt_health_exec_own();
    r = vt_status_read(&status, err);
    if (r == 0)
        r = check(call, &status, err);
    if (r < 0) {
        err->cause = VT_CAUSE_INTERNAL;
        return r;
    }
    printf("%s\n", vt_phase_name(status.phase));
    vt_health_warn(&status);
    return 0;
}

const struct vt_command vt_cmd_healthcheck = {
    .name = "healthcheck",
    .summary = "succeed if the guest is well",
    .flags = flags,
    .details = "Succeed (status 0) if this container's guest is running, paused, resuming,\n"
               "saving or saved, and QEMU is there; else say what is wrong and fail (status 1).\n"
               "A guest that is paused because its disk could not be written is not well.\n"
               "A table of connections that is nearly full is told as a warning.\n"
               "For HEALTHCHECK, Kubernetes probes and people: it reads one small file and asks\n"
               "nobody, unless a flag says so. With a flag, the guest must be running too.\n"
               "The program virtainer-healthcheck does the same and is loaded in a moment.\n\n"
               "An executable " VT_OWN_HEALTHCHECK " is run instead, without\n"
               "arguments; it may itself call virtainer healthcheck.",
    .run = run,
};
