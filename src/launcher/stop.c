/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/stop.h"

#define PRESS_EVERY 3000 /* ms */
/* QEMU needs this long at most to write its tables back and end. */
#define FORCE_TIME 5000 /* ms */

void vt_stop_init(struct vt_stop *stop, unsigned grace_seconds)
{
    *stop = (struct vt_stop){.state = VT_STOP_RUNNING, .grace = (int64_t)grace_seconds * 1000};
}

static enum vt_stop_action force(struct vt_stop *stop, int64_t now)
{
    stop->state = VT_STOP_FORCED;
    stop->deadline = now + FORCE_TIME;
    return VT_STOP_FORCE;
}

enum vt_stop_action vt_stop_signal(struct vt_stop *stop, int64_t now)
{
    switch (stop->state) {
    case VT_STOP_RUNNING:
        stop->state = VT_STOP_ASKED;
        stop->deadline = now + stop->grace;
        stop->press_at = now + PRESS_EVERY;
        return VT_STOP_PRESS;
    case VT_STOP_ASKED:
        return force(stop, now);
    case VT_STOP_FORCED:
        stop->state = VT_STOP_KILLED;
        return VT_STOP_KILL;
    default:
        return VT_STOP_NOTHING;
    }
}

enum vt_stop_action vt_stop_tick(struct vt_stop *stop, int64_t now)
{
    if (stop->state == VT_STOP_ASKED && now >= stop->deadline)
        return force(stop, now);
    if (stop->state == VT_STOP_ASKED && now >= stop->press_at) {
        stop->press_at = now + PRESS_EVERY;
        return VT_STOP_PRESS;
    }
    if (stop->state == VT_STOP_FORCED && now >= stop->deadline) {
        stop->state = VT_STOP_KILLED;
        return VT_STOP_KILL;
    }
    return VT_STOP_NOTHING;
}

int vt_stop_wait(const struct vt_stop *stop, int64_t now)
{
    int64_t at;

    if (stop->state == VT_STOP_ASKED)
        at = stop->press_at < stop->deadline ? stop->press_at : stop->deadline;
    else if (stop->state == VT_STOP_FORCED)
        at = stop->deadline;
    else
        return -1;
    return at > now ? (int)(at - now) : 0;
}
