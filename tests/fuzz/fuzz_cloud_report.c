/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a guest's console and as its status.json: what comes out is short text, and the same
 * in whatever pieces it came. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "launcher/cloud_report.h"

#define LONGEST 1000U

static char *check(const struct vt_cloud_report *report)
{
    char *text = vt_cloud_report_text(report);

    if (strlen(text) > LONGEST || report->keys.count > VT_HOST_KEYS_MAX)
        abort();
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            abort();
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report whole;
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report pieces;
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);
    VT_AUTO_FREE char *first = NULL, *second = NULL;
    size_t piece = size ? data[0] % 16U + 1 : 1;

    vt_cloud_report_init(&whole, true);
    vt_cloud_report_console(&whole, (const char *)data, size);
    first = check(&whole);
    vt_cloud_report_init(&pieces, true);
    for (size_t at = 0; at < size; at += piece)
        vt_cloud_report_console(&pieces, (const char *)data + at,
                                size - at < piece ? size - at : piece);
    second = check(&pieces);
    if (strcmp(first, second) != 0)
        abort();
    (void)!vt_cloud_report_status(&whole, text);
    vt_str_replace(&first, check(&whole));
    return 0;
}
