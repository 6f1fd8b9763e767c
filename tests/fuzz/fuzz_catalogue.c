/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A distribution's file is refused with a message, or has all that a start needs, and is found by
 * its own names. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "image/catalogue.h"

/* What the reader of files lets through. */
#define FILE_MAX (64U << 10)

static void find_all(struct vt_distribution *d)
{
    const struct vt_catalogue catalogue = {.distributions = d, .count = 1};

    for (size_t i = 0; i < d->release_count; i++) {
        VT_AUTO_FREE char *name = vt_fmt("%s:%s", d->name, d->releases[i].version);
        struct vt_entry entry;

        if (!d->releases[i].url || !d->releases[i].user)
            abort();
        if (vt_catalogue_find(&catalogue, name, "2026-11-22", &entry, NULL) < 0)
            abort();
        if (!entry.chosen && entry.release != &d->releases[i])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_distribution d = {0};
    struct vt_entry entry;
    int r;

    if (size > FILE_MAX)
        return 0;
    r = vt_distribution_parse("f", (const char *)data, size, &d, &err);
    if ((r < 0) != (err.msg != NULL))
        abort();
    if (r == 0) {
        const struct vt_catalogue catalogue = {.distributions = &d, .count = 1};

        find_all(&d);
        if (vt_catalogue_find(&catalogue, d.releases[0].url, "", &entry, NULL) == 0 &&
            !entry.release)
            abort();
        vt_distribution_done(&d);
    }
    return 0;
}
