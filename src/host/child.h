/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children whose end somebody waits for, in any thread, while the loop reaps everybody's: the
 * kernel tells how a child ended only once, so the loop hands over what it was told of these.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "host/spawn.h"

/* Belongs to who waits, and must stay where it is until vt_child_end(). */
struct vt_child {
    pid_t pid;
    int fd;      /* readable when it has ended */
    bool reaped; /* by the loop, which has left @status */
    int status;  /* as waitpid gives it */
    struct vt_child *next;
};

/* Start @spawn as @ret. Returns 0 or a negative errno with @err set; then there is no child. */
int vt_child_start(const struct vt_spawn *spawn, struct vt_child *ret,
                   struct vt_error *err) VT_MUST_CHECK;

/*
 * Wait until @child has ended, having killed it before if @kill_it is set, and release it. Returns
 * its exit status, or 128 + the signal that killed it.
 */
int vt_child_end(struct vt_child *child, bool kill_it);

/*
 * For the loop: reap one child of ours, of whichever kind; those that somebody waits for are handed
 * to him, and the next is reaped. Returns its process id and in @ret_status how it ended as waitpid
 * gives it, or 0 when no child has ended that nobody waits for.
 */
pid_t vt_child_reap_other(int *ret_status);
