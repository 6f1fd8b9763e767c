/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/wait.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/str.h"
#include "config/config.h"
#include "host/files.h"
#include "launcher/probe.h"

/* Between two tries to reach the guest, growing from the first to the second. */
#define FIRST_PAUSE 100  /* ms */
#define LAST_PAUSE  1000 /* ms */
/* How long one try may take: TCP begins again after a second. */
#define TRY_LIMIT 1500 /* ms */
/* What poll() takes as an int. */
#define LONGEST_POLL 3600000 /* ms */
/* A shutdown that is a reboot (virsh reboot) looks like an end for a moment. */
#define END_DOUBT 500 /* ms */

/* ---- the verdict ---- */

static bool is_ending(enum vt_phase phase)
{
    return phase == VT_PHASE_SAVING || phase == VT_PHASE_STOPPING || phase == VT_PHASE_STOPPED ||
           phase == VT_PHASE_SAVED;
}

static bool is_behind_passt(const struct vt_status *status)
{
    return status->network && vt_streq(status->network, vt_network_name(VT_NETWORK_USER));
}

static enum vt_wait_verdict judge_cloud_init(const struct vt_ready *ready)
{
    switch (ready->cloud_init) {
    case VT_CLOUD_INIT_DONE:
        return VT_WAIT_REACHED;
    case VT_CLOUD_INIT_DEGRADED:
        return VT_WAIT_DEGRADED;
    case VT_CLOUD_INIT_ERROR:
        return VT_WAIT_FAILED;
    default:
        return VT_WAIT_ON;
    }
}

/* SSH answers, if there is a network; and cloud-init, if the guest has shown that it has it, has
 * ended: it speaks on the console long before an SSH server runs. Where the guest's address will
 * never be known, cloud-init alone tells, and a guest that has not shown it yet may be about to. */
static enum vt_wait_verdict judge_ready(const struct vt_status *status)
{
    const struct vt_ready *ready = &status->ready;
    bool has_network = vt_status_has_network(status);

    if (has_network && !status->guest_address && !status->address_pending)
        return judge_cloud_init(ready);
    if (!ready->passed[has_network ? VT_MILESTONE_SSH : VT_MILESTONE_RUNNING])
        return VT_WAIT_ON;
    return ready->cloud_init == VT_CLOUD_INIT_UNSEEN ? VT_WAIT_REACHED : judge_cloud_init(ready);
}

enum vt_wait_verdict vt_wait_judge(const struct vt_status *status, enum vt_milestone goal)
{
    bool needs_network = goal == VT_MILESTONE_NETWORK || goal == VT_MILESTONE_SSH;

    if (is_ending(status->phase))
        return VT_WAIT_ENDED;
    if (needs_network && !vt_status_has_network(status))
        return VT_WAIT_IMPOSSIBLE;
    switch (goal) {
    case VT_MILESTONE_RUNNING:
        return status->phase == VT_PHASE_RUNNING ? VT_WAIT_REACHED : VT_WAIT_ON;
    case VT_MILESTONE_CLOUD_INIT:
        return judge_cloud_init(&status->ready);
    case VT_MILESTONE_READY:
        return judge_ready(status);
    default:
        return status->ready.passed[goal] ? VT_WAIT_REACHED : VT_WAIT_ON;
    }
}

char *vt_wait_describe(const struct vt_status *status)
{
    const struct vt_ready *ready = &status->ready;
    struct vt_buf out = VT_BUF_INIT(65536);

    if (!status->name) {
        vt_buf_adds(&out, "no guest was started yet");
        return vt_buf_take(&out);
    }
    vt_buf_addf(&out, "the guest is %s", vt_phase_name(status->phase));
    if (status->phase != VT_PHASE_RUNNING)
        return vt_buf_take(&out);
    if (vt_status_has_network(status))
        vt_buf_addf(&out, ", %s",
                    !status->guest_address                ? "its address is not known"
                    : ready->passed[VT_MILESTONE_SSH]     ? "SSH answers"
                    : ready->passed[VT_MILESTONE_NETWORK] ? "its network answers, SSH does not"
                                                          : "its network does not answer");
    if (ready->cloud_init == VT_CLOUD_INIT_UNSEEN)
        vt_buf_adds(&out, ", and no sign of cloud-init was seen");
    else if (ready->cloud_init == VT_CLOUD_INIT_PENDING)
        vt_buf_adds(&out, ", and cloud-init has not finished");
    else
        vt_buf_addf(&out, ", and %s", ready->detail ? ready->detail : "cloud-init has ended");
    return vt_buf_take(&out);
}

/* ---- waiting ---- */

struct waiter {
    enum vt_milestone goal;
    int notify_fd;
    struct vt_status status; /* empty while there is none; with what was seen from here */
    struct vt_ready told;    /* the file's own part of it, without the detail */
    struct vt_probe probe;
    int64_t next;      /* when the next try begins, or the one under way is given up, in ms */
    int64_t pause;     /* before the try after it, in ms */
    bool network, ssh; /* seen from here, in this boot */
    int64_t ending;    /* since when it looks like an end; 0: it does not */
};

static void waiter_done(struct waiter *w)
{
    vt_closep(&w->notify_fd);
    (void)vt_probe_stop(&w->probe);
    vt_status_done(&w->status);
}

/* The guest boots again: what was seen of it from here is over. */
static void forget(struct waiter *w)
{
    (void)vt_probe_stop(&w->probe);
    w->network = w->ssh = false;
    w->pause = FIRST_PAUSE;
}

/* Read state.json anew; what cannot be read is as good as not there. */
static void look(struct waiter *w)
{
    struct vt_status status;

    if (vt_status_read(&status, NULL) < 0)
        return;
    if (vt_ready_began_anew(&w->told, &status.ready))
        forget(w);
    w->told = status.ready;
    w->told.detail = NULL;
    vt_status_done(&w->status);
    w->status = status;
    if (w->network && !status.ready.passed[VT_MILESTONE_NETWORK])
        w->status.ready.passed[VT_MILESTONE_NETWORK] = 1;
    if (w->ssh && !status.ready.passed[VT_MILESTONE_SSH])
        w->status.ready.passed[VT_MILESTONE_SSH] = 1;
}

/* Whether knocking at the guest's door helps. */
static bool wants_probe(const struct waiter *w)
{
    const struct vt_status *status = &w->status;

    if (status->phase != VT_PHASE_RUNNING || !status->guest_address)
        return false;
    if (w->goal == VT_MILESTONE_NETWORK)
        return !status->ready.passed[VT_MILESTONE_NETWORK];
    return (w->goal == VT_MILESTONE_SSH || w->goal == VT_MILESTONE_READY) &&
           !status->ready.passed[VT_MILESTONE_SSH];
}

/* A try came to @result: remember it, and when to try again. */
static void learn(struct waiter *w, enum vt_probe_result result)
{
    VT_AUTO_FREE char *arp = NULL;

    if (result == VT_PROBE_SILENT && vt_file_read("/proc/net/arp", 65536, &arp, NULL) == 0 &&
        vt_probe_is_neighbour(arp, w->status.guest_address))
        result = VT_PROBE_ALIVE;
    w->network = w->network || result >= VT_PROBE_ALIVE;
    w->ssh = w->ssh || result == VT_PROBE_SSH;
    w->next = vt_now_ms() + w->pause;
    w->pause = w->pause * 3 / 2 < LAST_PAUSE ? w->pause * 3 / 2 : LAST_PAUSE;
}

/* Begin a try, or give up the one that takes too long. */
static void probe(struct waiter *w)
{
    enum vt_probe_result result;

    if (!wants_probe(w)) {
        (void)vt_probe_stop(&w->probe);
        return;
    }
    if (vt_now_ms() < w->next)
        return;
    if (w->probe.fd >= 0) {
        result = vt_probe_stop(&w->probe);
        /* passt takes a connection before the guest is asked. */
        learn(w, is_behind_passt(&w->status) ? VT_PROBE_SILENT : result);
        return;
    }
    result = vt_probe_start(&w->probe, w->status.guest_address, VT_PROBE_PORT);
    if (result == VT_PROBE_PENDING)
        w->next = vt_now_ms() + TRY_LIMIT;
    else
        learn(w, result);
}

/* Wait for something to happen, at most until @deadline. */
static void wait_for_events(struct waiter *w, int64_t deadline)
{
    struct pollfd fds[] = {
        {.fd = w->notify_fd, .events = POLLIN},
        {.fd = w->probe.fd, .events = w->probe.connected ? POLLIN : POLLOUT},
    };
    int64_t now = vt_now_ms();
    char events[4096];

    if (wants_probe(w) && w->next < deadline)
        deadline = w->next;
    if (w->ending && w->ending + END_DOUBT < deadline)
        deadline = w->ending + END_DOUBT;
    if (deadline > now + LONGEST_POLL)
        deadline = now + LONGEST_POLL;
    if (poll(fds, VT_ARRAY_SIZE(fds), deadline > now ? (int)(deadline - now) : 0) <= 0)
        return;
    if (fds[0].revents)
        (void)!read(w->notify_fd, events, sizeof(events));
    if (fds[1].revents && wants_probe(w)) {
        enum vt_probe_result result = vt_probe_step(&w->probe);

        if (result != VT_PROBE_PENDING)
            learn(w, result);
    }
}

/* The verdict on what was last known; a shutdown must last a moment to count as an end. */
static enum vt_wait_verdict judge(struct waiter *w)
{
    enum vt_wait_verdict verdict = w->status.name ? vt_wait_judge(&w->status, w->goal) : VT_WAIT_ON;

    if (verdict != VT_WAIT_ENDED) {
        w->ending = 0;
        return verdict;
    }
    if (w->ending == 0)
        w->ending = vt_now_ms();
    return w->status.phase == VT_PHASE_STOPPING && vt_now_ms() < w->ending + END_DOUBT
               ? VT_WAIT_ON
               : VT_WAIT_ENDED;
}

static int watch(struct waiter *w, struct vt_error *err)
{
    w->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    /* It may not be there yet, right after the container's start. */
    (void)!vt_mkdirs(VT_RUN_DIR, 0755);
    if (w->notify_fd < 0 ||
        inotify_add_watch(w->notify_fd, VT_RUN_DIR, IN_MOVED_TO | IN_CREATE) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot watch " VT_RUN_DIR);
    return 0;
}

static int time_is_over(const struct waiter *w, unsigned seconds, struct vt_error *err)
{
    VT_AUTO_FREE char *state = vt_wait_describe(&w->status);

    return vt_error_set(err, VT_CAUSE_TIMEOUT, -ETIMEDOUT, "%s was not reached within %u s: %s",
                        vt_milestone_name(w->goal), seconds, state);
}

static int conclude(const struct waiter *w, enum vt_wait_verdict verdict, struct vt_error *err)
{
    const char *words = w->status.ready.detail;

    switch (verdict) {
    case VT_WAIT_DEGRADED:
        return vt_error_set(err, VT_CAUSE_DEGRADED, -EIO, "%s",
                            words ? words : "cloud-init finished degraded");
    case VT_WAIT_FAILED:
        return vt_error_set(err, VT_CAUSE_NOT_READY, -EIO, "%s",
                            words ? words : "cloud-init failed");
    case VT_WAIT_ENDED:
        return vt_error_set(err, VT_CAUSE_ENDED, -ESHUTDOWN,
                            "the guest is %s: it did not get as far as %s",
                            vt_phase_name(w->status.phase), vt_milestone_name(w->goal));
    case VT_WAIT_IMPOSSIBLE:
        return vt_error_set(err, VT_CAUSE_USAGE, -ENONET,
                            "the guest has no network (NETWORK=none) to wait for: use --for "
                            "running or --for cloud-init");
    default:
        return 0;
    }
}

static int wait_on(struct waiter *w, unsigned seconds, struct vt_error *err)
{
    int64_t deadline = vt_now_ms() + (int64_t)seconds * 1000;
    int r = watch(w, err);

    if (r < 0)
        return r;
    for (;;) {
        enum vt_wait_verdict verdict;

        look(w);
        verdict = judge(w);
        if (verdict != VT_WAIT_ON)
            return conclude(w, verdict, err);
        if (vt_now_ms() >= deadline)
            return time_is_over(w, seconds, err);
        probe(w);
        wait_for_events(w, deadline);
    }
}

int vt_wait(enum vt_milestone goal, unsigned seconds, struct vt_status *ret, struct vt_error *err)
{
    VT_CLEANUP(waiter_done)
    struct waiter w = {.goal = goal, .notify_fd = -1, .probe = VT_PROBE_INIT, .pause = FIRST_PAUSE};
    int r = wait_on(&w, seconds, err);

    *ret = w.status;
    w.status = (struct vt_status){0};
    return r;
}
