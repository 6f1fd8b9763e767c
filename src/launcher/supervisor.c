/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/supervisor.h"

#include <sys/wait.h>

#include "base/str.h"
#include "host/loop.h"

/* ms */
#define FIRST_DELAY 50
#define LAST_DELAY  5000
#define LONG_LIFE   60000

/* Start it again when the time has come, which the next time is later. */
static void start_later(struct vt_supervisor *s)
{
    s->pid = 0;
    vt_loop_update_timer(s->timer, s->delay);
    s->delay = s->delay * 4 < s->last_delay ? s->delay * 4 : s->last_delay;
}

static void on_exit_of_child(pid_t pid, int status, void *data)
{
    struct vt_supervisor *s = data;
    VT_AUTO_FREE char *text = vt_fmt("%s ended (%s %d); it is started again, and the guest runs on",
                                     s->name, WIFSIGNALED(status) ? "signal" : "status",
                                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));

    (void)pid;
    vt_repeats_tell(&s->ends, text);
    start_later(s);
}

static void on_timer(int timer, void *data)
{
    struct vt_supervisor *s = data;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (s->pid > 0) {
        s->delay = s->first_delay;
        vt_loop_update_timer(timer, -1);
        return;
    }
    s->pid = s->start(s->data, &err);
    if (s->pid < 0) {
        vt_repeats_tell(&s->failures, err.msg);
        start_later(s);
        return;
    }
    vt_loop_update_timer(timer, s->long_life);
    vt_loop_watch_child(s->pid, on_exit_of_child, s);
    if (s->on_restart)
        s->on_restart(s->data);
}

void vt_supervise(struct vt_supervisor *s, pid_t pid)
{
    s->first_delay = s->first_delay ? s->first_delay : FIRST_DELAY;
    s->last_delay = s->last_delay ? s->last_delay : LAST_DELAY;
    s->long_life = s->long_life ? s->long_life : LONG_LIFE;
    s->delay = s->first_delay;
    s->pid = pid;
    s->timer = vt_loop_add_timer(-1, on_timer, s);
    vt_loop_watch_child(pid, on_exit_of_child, s);
}
