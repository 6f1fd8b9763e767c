/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any ALLOW_FROM; what is taken says the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/sources.h"
#include "fuzz.h"

/* Those of one protocol, written and read again. */
static void check(const struct vt_sources *sources, bool ip6)
{
    VT_AUTO_FREE char *text = vt_sources_text(sources, ip6);
    VT_AUTO_FREE char *again_text = NULL;
    struct vt_sources again;
    char *wrong;

    if (*text == '\0')
        return;
    if (vt_sources_parse(text, &again, &wrong) < 0)
        abort();
    again_text = vt_sources_text(&again, ip6);
    if (strcmp(text, again_text) != 0 || text[strspn(text, "0123456789abcdef.:/, ")] != '\0')
        abort();
    free(again.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);
    VT_AUTO_FREE char *wrong = NULL;
    struct vt_sources sources;

    if (vt_sources_parse(text, &sources, &wrong) < 0) {
        if (!wrong)
            abort();
        return 0;
    }
    if (sources.count == 0 || sources.count > VT_SOURCES_MAX)
        abort();
    check(&sources, false);
    check(&sources, true);
    free(sources.list);
    return 0;
}
