/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: WAITING for the agent, whose channel opens again a moment after the guest
 * runs; ASKING it; LOGGING_IN by a child, `virtainer ssh`, which knows all about that; DONE.
 */
#include "launcher/guest_clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "host/spawn.h"

/* How long the agent may stay away. */
#define AGENT_WAIT 3000 /* ms */

enum state { WAITING, ASKING, LOGGING_IN, DONE };

struct vt_guest_clock {
    struct vt_vm *vm;
    struct vt_worker *worker;
    int64_t saved_at;
    bool by_ssh;
    int timer;
    enum state state;
    /* The worker's answer. */
    int result;
    struct vt_error err;
};

static void give_up(struct vt_guest_clock *clock)
{
    clock->state = DONE;
    vt_warning("the guest's clock is %lld s behind until the guest corrects it: nobody there sets "
               "it (qemu-guest-agent would)",
               (long long)(time(NULL) - clock->saved_at));
}

static void succeed(struct vt_guest_clock *clock)
{
    clock->state = DONE;
    vt_info("the guest's clock is set");
}

static void on_login_over(pid_t pid, int status, void *data)
{
    struct vt_guest_clock *clock = data;

    (void)pid;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        succeed(clock);
    else
        give_up(clock);
}

static void log_in(struct vt_guest_clock *clock)
{
    VT_AUTO_FREE char *now = vt_fmt("@%" PRId64, (int64_t)time(NULL));
    const char *const argv[] = {
        "/proc/self/exe", "ssh", "sudo", "-n", "date", "-u", "-s", now, NULL};
    VT_AUTO_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct vt_spawn spawn = {.argv = argv, .out = null, .err = null};
    pid_t pid = clock->by_ssh && null >= 0 ? vt_spawn(&spawn, NULL) : -1;

    if (pid < 0) {
        give_up(clock);
        return;
    }
    clock->state = LOGGING_IN;
    vt_loop_watch_child(pid, on_login_over, clock);
}

static void set_on_worker(void *data)
{
    struct vt_guest_clock *clock = data;

    clock->result = vt_vm_set_clock_by_agent(clock->vm, &clock->err);
}

static void on_set(void *data)
{
    struct vt_guest_clock *clock = data;

    if (clock->result == 0) {
        succeed(clock);
    } else {
        vt_debug("%s", clock->err.msg);
        log_in(clock);
    }
    vt_error_done(&clock->err);
}

static void on_agent_late(int timer, void *data)
{
    struct vt_guest_clock *clock = data;

    vt_loop_update_timer(timer, -1);
    if (clock->state == WAITING)
        log_in(clock);
}

struct vt_guest_clock *vt_guest_clock_new(struct vt_vm *vm, struct vt_worker *worker,
                                          int64_t saved_at, bool by_ssh)
{
    struct vt_guest_clock *clock = vt_calloc(1, sizeof(*clock));

    *clock = (struct vt_guest_clock){
        .vm = vm, .worker = worker, .saved_at = saved_at, .by_ssh = by_ssh, .timer = -1};
    if (vt_vm_has_agent(vm))
        vt_guest_clock_on_agent(clock);
    else
        clock->timer = vt_loop_add_timer(AGENT_WAIT, on_agent_late, clock);
    return clock;
}

void vt_guest_clock_on_agent(struct vt_guest_clock *clock)
{
    if (!clock || clock->state != WAITING)
        return;
    clock->state = ASKING;
    if (clock->timer >= 0)
        vt_loop_update_timer(clock->timer, -1);
    vt_worker_submit(clock->worker, set_on_worker, on_set, clock);
}
