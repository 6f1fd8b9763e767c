/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/caps.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include "base/str.h"
#include "host/files.h"

#define STATUS_MAX 65536

uint64_t vt_caps_effective(void)
{
    VT_AUTO_FREE char *text = NULL;
    const char *line;

    if (vt_file_read("/proc/self/status", STATUS_MAX, &text, NULL) < 0)
        return 0;
    line = strstr(text, "\nCapEff:");
    return line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
}

void vt_caps_bound(uint64_t keep)
{
    /* The kernel refuses the first number that it does not know. */
    for (unsigned long cap = 0; cap < 64; cap++) {
        if (!(keep & VT_CAP(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return;
    }
}
