/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/repeats.h"

#include "base/clock.h"
#include "base/log.h"

#define MINUTE INT64_C(60000) /* ms */
/* More than this in a minute is no person's doing. */
#define FEW 3

enum vt_repeat vt_repeats_note(struct vt_repeats *repeats, int64_t now, unsigned *ret_count)
{
    unsigned before = repeats->count;

    if (before == 0 || now - repeats->since >= MINUTE) {
        /* A minute is over: whether it was full decides how much is said in the next. */
        repeats->looping = before > FEW && now - repeats->since < 2 * MINUTE;
        repeats->since = now;
        repeats->count = 1;
        *ret_count = before;
        return repeats->looping ? VT_REPEAT_STILL : VT_REPEAT_TELL;
    }
    repeats->count++;
    if (repeats->looping || repeats->count > FEW + 1)
        return VT_REPEAT_SILENT;
    return repeats->count == FEW + 1 ? VT_REPEAT_BEGINNING : VT_REPEAT_TELL;
}

void vt_repeats_tell(struct vt_repeats *repeats, const char *what)
{
    unsigned count = 0;

    switch (vt_repeats_note(repeats, vt_now_ms(), &count)) {
    case VT_REPEAT_TELL:
        vt_warning("%s", what);
        break;
    case VT_REPEAT_BEGINNING:
        vt_warning("%s; this happens again and again, and from now on is said once a minute", what);
        break;
    case VT_REPEAT_STILL:
        vt_warning("%s, as %u times in the minute before", what, count);
        break;
    case VT_REPEAT_SILENT:
        break;
    }
}
