/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/stop.h"

#define PRESS_EVERY 3000 /* ms */
/* QEMU needs this long at most to write its tables back and end. */
#define FORCE_TIME 5000 /* ms */
/* A save that begins when the grace period is over has this long at most. */
#define SAVE_TIME 60000 /* ms */
/* And this long to break off. */
#define CANCEL_TIME 5000 /* ms */

void vt_stop_init(struct vt_stop *stop, unsigned grace_seconds, enum vt_stop_how at_end)
{
    *stop = (struct vt_stop){
        .state = VT_STOP_RUNNING,
        .grace = (int64_t)grace_seconds * 1000,
        .at_end = at_end,
    };
}

static enum vt_stop_action enter(struct vt_stop *stop, enum vt_stop_state state, int64_t deadline,
                                 enum vt_stop_action action)
{
    stop->state = state;
    stop->deadline = deadline;
    return action;
}

static enum vt_stop_action force(struct vt_stop *stop, int64_t now)
{
    return enter(stop, VT_STOP_FORCED, now + FORCE_TIME, VT_STOP_FORCE);
}

static enum vt_stop_action press(struct vt_stop *stop, int64_t now)
{
    stop->press_at = now + PRESS_EVERY;
    return enter(stop, VT_STOP_ASKED, stop->grace_end, VT_STOP_PRESS);
}

static enum vt_stop_action save(struct vt_stop *stop, int64_t deadline)
{
    return enter(stop, VT_STOP_SAVING, deadline, VT_STOP_WRITE);
}

static enum vt_stop_action end_of_grace(struct vt_stop *stop, int64_t now)
{
    if (stop->at_end == VT_HOW_SAVE && !stop->save_failed)
        return save(stop, now + SAVE_TIME);
    return force(stop, now);
}

static enum vt_stop_action begin(struct vt_stop *stop, enum vt_stop_how how, int64_t now)
{
    stop->grace_end = now + stop->grace;
    switch (how) {
    case VT_HOW_SAVE:
        return save(stop, stop->grace_end);
    case VT_HOW_POWEROFF:
        stop->wished_force = true;
        return force(stop, now);
    default:
        return press(stop, now);
    }
}

static enum vt_stop_action ask_while_saving(struct vt_stop *stop, enum vt_stop_how how, int64_t now)
{
    if (how != VT_HOW_POWEROFF && !stop->asked_again) {
        stop->asked_again = true;
        return VT_STOP_NOTHING;
    }
    return force(stop, now);
}

/* The first further request after a wish for it hurries nothing: QEMU is writing, and ends. */
static enum vt_stop_action ask_while_forced(struct vt_stop *stop)
{
    if (stop->wished_force && !stop->asked_again) {
        stop->asked_again = true;
        return VT_STOP_NOTHING;
    }
    return enter(stop, VT_STOP_KILLED, 0, VT_STOP_KILL);
}

enum vt_stop_action vt_stop_ask(struct vt_stop *stop, enum vt_stop_how how, int64_t now)
{
    switch (stop->state) {
    case VT_STOP_RUNNING:
        return begin(stop, how, now);
    case VT_STOP_ASKED:
        if (how == VT_HOW_SAVE && !stop->save_failed)
            return save(stop, now + SAVE_TIME);
        return how == VT_HOW_POWEROFF ? force(stop, now) : end_of_grace(stop, now);
    case VT_STOP_SAVING:
        return ask_while_saving(stop, how, now);
    case VT_STOP_FORCED:
        return ask_while_forced(stop);
    default:
        return VT_STOP_NOTHING;
    }
}

enum vt_stop_action vt_stop_save_failed(struct vt_stop *stop, int64_t now)
{
    stop->save_failed = true;
    if (stop->state != VT_STOP_SAVING)
        return VT_STOP_NOTHING;
    return now >= stop->grace_end ? force(stop, now) : press(stop, now);
}

static enum vt_stop_action save_took_too_long(struct vt_stop *stop, int64_t now)
{
    if (stop->cancelled)
        return force(stop, now);
    stop->cancelled = true;
    return enter(stop, VT_STOP_SAVING, now + CANCEL_TIME, VT_STOP_CANCEL);
}

static enum vt_stop_action at_deadline(struct vt_stop *stop, int64_t now)
{
    switch (stop->state) {
    case VT_STOP_ASKED:
        return end_of_grace(stop, now);
    case VT_STOP_SAVING:
        return save_took_too_long(stop, now);
    case VT_STOP_FORCED:
        return enter(stop, VT_STOP_KILLED, 0, VT_STOP_KILL);
    default:
        return VT_STOP_NOTHING;
    }
}

enum vt_stop_action vt_stop_tick(struct vt_stop *stop, int64_t now)
{
    if (now >= stop->deadline)
        return at_deadline(stop, now);
    if (stop->state != VT_STOP_ASKED || now < stop->press_at)
        return VT_STOP_NOTHING;
    stop->press_at = now + PRESS_EVERY;
    return VT_STOP_PRESS;
}

int vt_stop_wait(const struct vt_stop *stop, int64_t now)
{
    int64_t at = stop->deadline;

    if (stop->state == VT_STOP_RUNNING || stop->state == VT_STOP_KILLED)
        return -1;
    if (stop->state == VT_STOP_ASKED && stop->press_at < at)
        at = stop->press_at;
    return at > now ? (int)(at - now) : 0;
}

int64_t vt_stop_left(const struct vt_stop *stop, int64_t now)
{
    return stop->deadline > now ? (stop->deadline - now + 999) / 1000 : 0;
}
