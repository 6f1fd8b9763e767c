/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/passt_watch.h"

#include "host/loop.h"
#include "launcher/supervisor.h"
#include "net/user.h"

static const struct vt_net_plan *plan_of_guest;

/* The loop waits for this one, some 100 ms: that passt ends is rare, and only when it has begun to
 * listen is its process known. A stop signal ends the wait, and is answered by the loop. */
static pid_t start(void *data, struct vt_error *err)
{
    (void)data;
    return vt_user_start(plan_of_guest, vt_loop_stop_fd(), err);
}

void vt_passt_watch(const struct vt_net_plan *plan, pid_t pid)
{
    static struct vt_supervisor supervisor = {.name = "passt", .start = start};

    plan_of_guest = plan;
    vt_supervise(&supervisor, pid);
}
