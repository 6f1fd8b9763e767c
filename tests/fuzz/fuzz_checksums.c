/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a file of checksums: what is found is a checksum, and is in the file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "fuzz.h"
#include "image/checksum.h"

static bool holds(const uint8_t *data, size_t size, const char *hex)
{
    size_t len = strlen(hex);

    for (size_t i = 0; i + len <= size; i++) {
        if (strncasecmp((const char *)data + i, hex, len) == 0)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        enum vt_sums kind;
    } cases[] = {
        {"i.img", VT_SUMS_OWN},
        {"i.img", VT_SUMS_NAMED},
        {"", VT_SUMS_ANY},
        {") = ", VT_SUMS_ANY},
    };

    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_checksum sum, again;
        int r;

        memset(&sum, 0xa5, sizeof(sum));
        r = vt_checksum_find((const char *)data, size, cases[i].name, cases[i].kind, &sum, &err);
        if ((r < 0) != (err.msg != NULL) || (r < 0 && r != -ENOENT && r != -EEXIST))
            abort();
        if (r == 0) {
            VT_AUTO_FREE char *text = vt_fmt("%s:%s", vt_digest_name(sum.digest), sum.hex);

            if (vt_checksum_parse(text, &again) < 0 || !vt_streq(sum.hex, again.hex) ||
                !holds(data, size, sum.hex))
                abort();
        }
    }
    return 0;
}
