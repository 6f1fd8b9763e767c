/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: WAITING for the agent, whose channel opens again a moment after the guest
 * runs; ASKING it; LOGGING_IN by a child, `virtainer ssh`, which knows all about that; DONE. A
 * login may take its time, so the guest says when it has come about, and is told the time only
 * then.
 */
#include "launcher/guest_clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "host/loop.h"
#include "host/spawn.h"

/* How long the agent may stay away. */
#define AGENT_WAIT 3000 /* ms */

/* One word, for the shell of whoever logs in. */
#define SET_CLOCK "sudo -n sh -c 'echo; read now && date -u -s \"@$now\"'"

enum state { WAITING, ASKING, LOGGING_IN, DONE };

struct vt_guest_clock {
    struct vt_vm *vm;
    struct vt_worker *worker;
    int64_t saved_at;
    bool by_ssh;
    int timer;
    enum state state;
    int login; /* our end of the child's standard input and output, or -1 */
    int login_watch;
    bool told; /* the guest asked, and was told the time */
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

static void hang_up(struct vt_guest_clock *clock)
{
    if (clock->login < 0)
        return;
    vt_loop_remove_fd(clock->login_watch);
    vt_closep(&clock->login);
    clock->login = -1;
}

/* The first that comes is the guest's question; nothing that it says afterwards matters. */
static void on_login(int watch, int fd, unsigned events, void *data)
{
    struct vt_guest_clock *clock = data;
    struct timespec now;
    char text[256];

    (void)watch;
    (void)events;
    if (recv(fd, text, sizeof(text), MSG_DONTWAIT) <= 0) {
        hang_up(clock);
        return;
    }
    if (clock->told)
        return;
    clock->told = true;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    /* Not every date takes fractions. */
    (void)snprintf(text, sizeof(text), "%" PRId64 "\n",
                   (int64_t)now.tv_sec + (now.tv_nsec >= 500000000));
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void on_login_over(pid_t pid, int status, void *data)
{
    struct vt_guest_clock *clock = data;

    (void)pid;
    hang_up(clock);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        succeed(clock);
    else
        give_up(clock);
}

static pid_t spawn_login(struct vt_guest_clock *clock)
{
    static const char *const argv[] = {"/proc/self/exe", "ssh", SET_CLOCK, NULL};
    VT_AUTO_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int ends[2];
    pid_t pid = -1;

    if (null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    clock->login_watch = vt_loop_add_fd(ends[0], VT_EVENT_READ, on_login, clock);
    if (clock->login_watch >= 0) {
        clock->login = ends[0];
        pid = vt_spawn(&(struct vt_spawn){.argv = argv, .in = ends[1], .out = ends[1], .err = null},
                       NULL);
    }
    vt_closep(&ends[1]);
    if (clock->login < 0)
        vt_closep(&ends[0]);
    return pid;
}

static void log_in(struct vt_guest_clock *clock)
{
    pid_t pid = clock->by_ssh ? spawn_login(clock) : -1;

    if (pid < 0) {
        hang_up(clock);
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
        .vm = vm,
        .worker = worker,
        .saved_at = saved_at,
        .by_ssh = by_ssh,
        .timer = -1,
        .login = -1,
    };
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
