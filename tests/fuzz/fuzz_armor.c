/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as armored keys: an error, or bytes, fewer than there were. */
#include <errno.h>
#include <stdlib.h>

#include "fuzz.h"
#include "image/armor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);
    VT_AUTO_BUF struct vt_buf keys = VT_BUF_INIT(1000);
    int r = vt_armor_decode(text, &keys);

    if (r != 0 && r != -EBADMSG)
        abort();
    if (r == 0 && (!vt_armor_is(text) || keys.len == 0 || keys.len >= size || keys.overflowed))
        abort();
    return 0;
}
