/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest is stopped, as a state machine without a clock or a guest of its own:
 *
 *     RUNNING --shutdown--> ASKED --time is over, or asked again--> FORCED --> KILLED
 *     RUNNING --poweroff-----------------------------------------> FORCED
 *     RUNNING --save------> SAVING --time is over-----------------> FORCED
 *       ASKED --save, or the grace period is over and brings one--> SAVING
 *      SAVING --failed, and there is time left--------------------> ASKED
 *
 * ASKED: the power button is pressed, and again every few seconds, as a guest that is still booting
 * hears nothing. SAVING: the guest stands still while its memory is written; a save that failed
 * leaves it running. FORCED: QEMU is told to end and writes what it holds of the overlay. KILLED:
 * QEMU did not even do that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

enum vt_stop_state {
    VT_STOP_RUNNING,
    VT_STOP_ASKED,
    VT_STOP_SAVING,
    VT_STOP_FORCED,
    VT_STOP_KILLED,
};

/* What is to be done now. */
enum vt_stop_action {
    VT_STOP_NOTHING,
    VT_STOP_PRESS,  /* press the power button */
    VT_STOP_WRITE,  /* save the guest's memory */
    VT_STOP_CANCEL, /* break off the save */
    VT_STOP_FORCE,  /* SIGTERM to QEMU */
    VT_STOP_KILL,   /* SIGKILL to QEMU */
};

struct vt_stop {
    enum vt_stop_state state;
    enum vt_stop_how at_end; /* what the grace period's end brings: save or poweroff */
    int64_t grace;           /* ms */
    int64_t grace_end;       /* on the caller's clock in ms, as all times here */
    int64_t deadline;        /* of the state */
    int64_t press_at;        /* of ASKED: the next press */
    bool save_failed;        /* once is enough */
    bool wished_force;       /* it began so, without waiting for the guest */
    bool asked_again;        /* of SAVING, and of such a FORCED: the next request goes further */
    bool cancelled;          /* of SAVING: it was told to break off */
};

/* A machine that allows @grace_seconds between the first press and what @at_end says. */
void vt_stop_init(struct vt_stop *stop, unsigned grace_seconds, enum vt_stop_how at_end);

/*
 * A stop was asked for at @now: by a signal or by a person's command. @how is not VT_HOW_SAME.
 * While the guest is being shut down, asking to save it does so, and anything else does what the
 * grace period's end would. While it is being saved the first further request changes nothing,
 * since a save takes no longer than the second that was meant to hurry it; nor does it while its
 * power is cut as the first request wished.
 */
enum vt_stop_action vt_stop_ask(struct vt_stop *stop, enum vt_stop_how how, int64_t now);

/* The save failed, and the guest runs on. */
enum vt_stop_action vt_stop_save_failed(struct vt_stop *stop, int64_t now);

/* The time is @now: what is due. */
enum vt_stop_action vt_stop_tick(struct vt_stop *stop, int64_t now);

/* Milliseconds from @now until vt_stop_tick() should be called, or -1 for never. */
int vt_stop_wait(const struct vt_stop *stop, int64_t now);

/* Whole seconds from @now that the state may still last. */
int64_t vt_stop_left(const struct vt_stop *stop, int64_t now);
