/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the cache's index is refused, or names an image in the cache and can be sent back to
 * a server; and it is the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "image/cache_entry.h"

static void check(const struct vt_cache_entry *entry)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry again = {0};
    VT_AUTO_FREE char *text = vt_cache_entry_text(entry);

    if (!entry->url || !vt_is_sha256(entry->digest) || strpbrk(entry->url, "\r\n") ||
        (entry->etag && strpbrk(entry->etag, "\r\n")))
        abort();
    /* What is written may be longer than what was read. */
    if (strlen(text) > VT_CACHE_ENTRY_MAX)
        return;
    if (vt_cache_entry_parse(text, strlen(text), &again) < 0 || !vt_streq(entry->url, again.url) ||
        !vt_streq(entry->digest, again.digest) || entry->image_size != again.image_size ||
        entry->fetched != again.fetched ||
        (entry->keyring && !vt_streq(entry->keyring, again.keyring ? again.keyring : "")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_AUTO_FREE char *text = vt_calloc(1, size + 1);

    if (size > 0)
        memcpy(text, data, size);
    if (vt_cache_entry_parse(text, size, &entry) == 0)
        check(&entry);
    return 0;
}
