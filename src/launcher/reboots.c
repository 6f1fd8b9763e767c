/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/reboots.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

char *vt_reboots_note(struct vt_repeats *reboots, int64_t now, bool *ret_warning)
{
    unsigned count = 0;
    enum vt_repeat repeat = vt_repeats_note(reboots, now, &count);

    *ret_warning = repeat != VT_REPEAT_TELL;
    switch (repeat) {
    case VT_REPEAT_TELL:
        return vt_strdup("the guest reboots");
    case VT_REPEAT_BEGINNING:
        return vt_strdup("the guest reboots again and again: its console tells why; from now on "
                         "this is said once a minute");
    case VT_REPEAT_STILL:
        return vt_fmt("the guest still reboots again and again, %u times within a minute", count);
    case VT_REPEAT_SILENT:
        break;
    }
    return NULL;
}

void vt_reboots_tell(struct vt_repeats *reboots)
{
    bool warning;
    VT_AUTO_FREE char *text = vt_reboots_note(reboots, vt_now_ms(), &warning);

    if (text)
        vt_log(warning ? VT_LOG_WARNING : VT_LOG_INFO, "%s", text);
}
