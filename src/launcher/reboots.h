/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a guest's reboots: each of a few, and once a minute of one that does nothing
 * else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vt_reboots {
    int64_t since;  /* when the minute began that is being counted */
    unsigned count; /* reboots in it */
    bool looping;   /* the minute before was full of them */
};

/*
 * The guest reboots at @now (ms, of a clock that does not jump). Returns what to log, owned by the
 * caller, or NULL; *@ret_warning tells whether it is more than news.
 */
char *vt_reboots_note(struct vt_reboots *reboots, int64_t now, bool *ret_warning);

/* The guest reboots now: note and log it. */
void vt_reboots_tell(struct vt_reboots *reboots);
