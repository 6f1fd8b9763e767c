/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a key file: what is taken for keys can always be written into meta-data. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "seed/documents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_KEYS struct vt_keys keys = {0};
    VT_AUTO_FREE char *made = NULL;
    int r = vt_keys_parse("k", (const char *)data, size, &keys, &err);

    if ((r < 0) != (err.msg != NULL) || (r < 0) != (keys.count == 0))
        abort();
    made = vt_meta_data(NULL, 0, "i", "h", &keys);
    if (!made)
        abort();
    return 0;
}
