/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any fields in any pieces, as a guest may post them: lines "name value", each a piece. What is
 * made of them is lines for known_hosts. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "launcher/phone_form.h"

static void check(const struct vt_phone_form *form)
{
    VT_AUTO_PHONE_CALL struct vt_phone_call call = {0};
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys again = {.count = 0};
    VT_AUTO_FREE char *text = NULL, *instance = NULL;

    if (vt_phone_form_read(form, &call) < 0) {
        if (call.instance_id || call.keys.count > 0)
            abort();
        return;
    }
    text = vt_known_hosts_text(&call.keys, "192.168.100.100", call.instance_id);
    instance = vt_known_hosts_instance(text);
    vt_known_hosts_parse(text, &again);
    if (!instance || strcmp(instance, call.instance_id) != 0 || again.count != call.keys.count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_PHONE_FORM struct vt_phone_form form = {.bad = false};
    const char *at = (const char *)data, *end = at + size;
    uint64_t offset = 0;
    char last[32] = "";

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        const char *blank = memchr(at, ' ', len);
        size_t name_len = blank ? (size_t)(blank - at) : 0;
        size_t value_len = blank ? len - name_len - 1 : 0;
        VT_AUTO_FREE char *name = vt_strndup(at, name_len < 31 ? name_len : 31);

        if (strcmp(name, last) != 0)
            offset = 0;
        (void)snprintf(last, sizeof(last), "%s", name);
        vt_phone_form_add(&form, name, blank ? blank + 1 : at, offset, value_len);
        offset += value_len;
        at += len + 1;
    }
    check(&form);
    return 0;
}
