/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long step has come, for whoever wants to show it. */
#pragma once

#include <stdint.h>

struct vt_progress {
    /*
     * Called many times a second, with what is being done ("downloading", "unpacking"), the bytes
     * that were read and how many there will be (0: not known).
     */
    void (*step)(const char *what, uint64_t done, uint64_t total, void *data);
    void *data;
    /* Called with what is worth a line of the log, without a full stop; may be NULL. */
    void (*notice)(const char *text, void *data);
};

static inline void vt_progress_step(const struct vt_progress *progress, const char *what,
                                    uint64_t done, uint64_t total)
{
    if (progress && progress->step)
        progress->step(what, done, total, progress->data);
}

static inline void vt_progress_notice(const struct vt_progress *progress, const char *text)
{
    if (progress && progress->notice)
        progress->notice(text, progress->data);
}
