/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to try a transfer again: a second later, then two, four and eight; the fifth is the last. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/progress.h"

/* A host's name that cannot be resolved may be mistyped, for which nobody likes to wait. */
enum { VT_TRIES_UNRESOLVED = 3 };

struct vt_retry {
    int cancel_fd; /* -1: none */
    const struct vt_progress *progress;
    unsigned most;  /* tries that are made; 0: five */
    unsigned tries; /* that failed since the last progress; 0 at the beginning */
};

/*
 * A try failed with @r and @err for a passing reason. Wait, tell so (vt_progress.notice), and
 * return 0 with @err empty for another try; or return @r with @err when it was the last one.
 * @progressed: it came farther than all before it, and so counts as the first. @retry_after is how
 * many seconds the server wants (0: does not say), of which up to 60 are granted. -ECANCELED with
 * VT_CAUSE_NONE when cancel_fd became readable meanwhile.
 */
int vt_retry_wait(struct vt_retry *retry, int r, bool progressed, unsigned retry_after,
                  struct vt_error *err) VT_MUST_CHECK;
