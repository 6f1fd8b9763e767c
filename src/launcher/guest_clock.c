/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/guest_clock.h"

#include <time.h>

#include "base/log.h"
#include "base/str.h"

struct vt_guest_clock {
    struct vt_vm *vm;
    struct vt_worker *worker;
    int64_t saved_at;
    bool asked;
    /* The worker's answer. */
    int result;
    struct vt_error err;
};

static void set_on_worker(void *data)
{
    struct vt_guest_clock *clock = data;

    clock->result = vt_vm_set_clock_by_agent(clock->vm, &clock->err);
}

static void on_set(void *data)
{
    struct vt_guest_clock *clock = data;

    if (clock->result < 0)
        vt_warning("%s: it is %lld s behind until the guest corrects it", clock->err.msg,
                   (long long)(time(NULL) - clock->saved_at));
    else
        vt_info("the guest's clock is set");
    vt_error_done(&clock->err);
}

struct vt_guest_clock *vt_guest_clock_new(struct vt_vm *vm, struct vt_worker *worker,
                                          int64_t saved_at)
{
    struct vt_guest_clock *clock = vt_calloc(1, sizeof(*clock));

    *clock = (struct vt_guest_clock){.vm = vm, .worker = worker, .saved_at = saved_at};
    if (vt_vm_has_agent(vm))
        vt_guest_clock_on_agent(clock);
    return clock;
}

void vt_guest_clock_on_agent(struct vt_guest_clock *clock)
{
    if (!clock || clock->asked)
        return;
    clock->asked = true;
    vt_worker_submit(clock->worker, set_on_worker, on_set, clock);
}
