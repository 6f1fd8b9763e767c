/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a guest's reboots: each of a few, and once a minute of one that does nothing
 * else. */
#pragma once

#include "launcher/repeats.h"

/*
 * The guest reboots at @now (ms, of a clock that does not jump). Returns what to log, owned by the
 * caller, or NULL; *@ret_warning tells whether it is more than news.
 */
char *vt_reboots_note(struct vt_repeats *reboots, int64_t now, bool *ret_warning);

/* The guest reboots now: note and log it. */
void vt_reboots_tell(struct vt_repeats *reboots);
