/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/reboots.h"

#include <time.h>

#include "base/log.h"
#include "base/str.h"

#define MINUTE INT64_C(60000) /* ms */
/* More than this in a minute is no person's doing. */
#define FEW 3

/* A minute is over: whether it was full of reboots decides how much is said in the next. */
static char *next_minute(struct vt_reboots *reboots, int64_t now)
{
    unsigned before = reboots->count;

    reboots->looping = before > FEW && now - reboots->since < 2 * MINUTE;
    reboots->since = now;
    reboots->count = 1;
    return reboots->looping
               ? vt_fmt("the guest still reboots again and again, %u times within a minute", before)
               : NULL;
}

char *vt_reboots_note(struct vt_reboots *reboots, int64_t now, bool *ret_warning)
{
    *ret_warning = true;
    if (reboots->count == 0 || now - reboots->since >= MINUTE) {
        char *text = next_minute(reboots, now);

        if (text)
            return text;
    } else {
        reboots->count++;
    }
    if (reboots->looping || reboots->count > FEW + 1)
        return NULL;
    if (reboots->count == FEW + 1)
        return vt_fmt("the guest reboots again and again: its console tells why; from now on this "
                      "is said once a minute");
    *ret_warning = false;
    return vt_strdup("the guest reboots");
}

void vt_reboots_tell(struct vt_reboots *reboots)
{
    struct timespec t;
    VT_AUTO_FREE char *text = NULL;
    bool warning;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    text = vt_reboots_note(reboots, (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000, &warning);
    if (text && warning)
        vt_warning("%s", text);
    else if (text)
        vt_info("%s", text);
}
