/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much is said of what should be rare: each of a few times, and once a minute of what does not
 * stop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vt_repeats {
    int64_t since;  /* when the minute began that is being counted */
    unsigned count; /* times in it */
    bool looping;   /* the minute before was full of them */
};

enum vt_repeat {
    VT_REPEAT_TELL,      /* one of a few */
    VT_REPEAT_BEGINNING, /* it seems not to stop: the last that is told for a minute */
    VT_REPEAT_STILL,     /* another minute was full of it: told instead of all in that minute */
    VT_REPEAT_SILENT,    /* nothing is to be said */
};

/* It happens at @now (ms, of a clock that does not jump). With VT_REPEAT_STILL, *@ret_count is how
 * often it did in the minute before. */
enum vt_repeat vt_repeats_note(struct vt_repeats *repeats, int64_t now, unsigned *ret_count);

/* It happens now: warn of @what, unless it was said often enough. */
void vt_repeats_tell(struct vt_repeats *repeats, const char *what);
