/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest is stopped, as a state machine without a clock or a guest of its own:
 *
 *     RUNNING --signal--> ASKED --signal or grace period over--> FORCED --signal or 5 s--> KILLED
 *
 * ASKED: the power button is pressed, and again every few seconds, as a guest that is still booting
 * hears nothing. FORCED: QEMU is told to end and writes what it holds of the overlay. KILLED: QEMU
 * did not even do that.
 */
#pragma once

#include <stdint.h>

enum vt_stop_state { VT_STOP_RUNNING, VT_STOP_ASKED, VT_STOP_FORCED, VT_STOP_KILLED };

/* What is to be done now. */
enum vt_stop_action {
    VT_STOP_NOTHING,
    VT_STOP_PRESS, /* press the power button */
    VT_STOP_FORCE, /* SIGTERM to QEMU */
    VT_STOP_KILL,  /* SIGKILL to QEMU */
};

struct vt_stop {
    enum vt_stop_state state;
    int64_t grace;    /* ms */
    int64_t deadline; /* of ASKED or FORCED, on the caller's clock in ms */
    int64_t press_at; /* of ASKED: the next press */
};

/* A machine that allows @grace_seconds between the first press and force. */
void vt_stop_init(struct vt_stop *stop, unsigned grace_seconds);

/* A stop signal came at @now. */
enum vt_stop_action vt_stop_signal(struct vt_stop *stop, int64_t now);

/* The time is @now: what is due. */
enum vt_stop_action vt_stop_tick(struct vt_stop *stop, int64_t now);

/* Milliseconds from @now until vt_stop_tick() should be called, or -1 for never. */
int vt_stop_wait(const struct vt_stop *stop, int64_t now);
