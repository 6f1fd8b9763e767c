/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resumed guest believes that it is still the moment in which it was saved. Who can tell it
 * better is its agent; in a guest without one, SSH with the launcher's own key and sudo; and where
 * that is not either, the guest's own means (chrony, timesyncd), which take longer.
 */
#pragma once

#include "host/worker.h"
#include "vm/domain.h"

struct vt_guest_clock;

/*
 * A guest of @vm that was saved at @saved_at (seconds since 1970) runs again. @by_ssh: the launcher
 * has a key of its own. Call it in the loop; it lives as long as the process.
 */
struct vt_guest_clock *vt_guest_clock_new(struct vt_vm *vm, struct vt_worker *worker,
                                          int64_t saved_at, bool by_ssh);

/* The agent is there, perhaps not for the first time: set the clock, once. @clock may be NULL. */
void vt_guest_clock_on_agent(struct vt_guest_clock *clock);
