/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/caps.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include "base/str.h"
#include "host/files.h"

#define STATUS_MAX 65536

int vt_caps_effective_at(const char *status, uint64_t *ret)
{
    VT_AUTO_FREE char *text = NULL;
    const char *line;
    int r = vt_file_read(status, STATUS_MAX, &text, NULL);

    if (r < 0)
        return r;
    line = strstr(text, "\nCapEff:");
    *ret = line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
    return 0;
}

uint64_t vt_caps_effective(void)
{
    uint64_t caps;

    return vt_caps_effective_at("/proc/self/status", &caps) < 0 ? 0 : caps;
}

void vt_caps_bound(uint64_t keep)
{
    /* The kernel refuses the first number that it does not know. */
    for (unsigned long cap = 0; cap < 64; cap++) {
        if (!(keep & VT_CAP(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return;
    }
}
