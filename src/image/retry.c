/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/retry.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/str.h"
#include "image/retry_priv.h"

enum { MAX_TRIES = 5, MAX_PAUSE = 60 };

int vt_retry_second = 1000;

static int pause_for(const struct vt_retry *retry, unsigned seconds, struct vt_error *err)
{
    struct pollfd cancel = {.fd = retry->cancel_fd, .events = POLLIN};
    int64_t end = vt_now_ms() + (int64_t)seconds * vt_retry_second;

    for (int64_t left = end - vt_now_ms(); left > 0; left = end - vt_now_ms()) {
        if (poll(&cancel, 1, (int)left) > 0)
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED,
                                "stopped between two tries of a download");
    }
    return 0;
}

int vt_retry_wait(struct vt_retry *retry, int r, bool progressed, unsigned retry_after,
                  struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;
    VT_AUTO_FREE char *text = NULL;
    unsigned most = retry->most > 0 ? retry->most : MAX_TRIES;
    unsigned seconds;

    if (progressed)
        retry->tries = 0;
    if (++retry->tries >= most) {
        vt_error_move(&why, err);
        return vt_error_set(err, why.cause, r, "%s (tried %u times)", why.msg, retry->tries);
    }
    seconds = 1U << (retry->tries - 1);
    if (seconds < retry_after)
        seconds = retry_after < MAX_PAUSE ? retry_after : MAX_PAUSE;
    text = vt_fmt("%s; try %u of %u follows in %u s", err->msg, retry->tries + 1, most, seconds);
    vt_progress_notice(retry->progress, text);
    vt_error_done(err);
    return pause_for(retry, seconds, err);
}
