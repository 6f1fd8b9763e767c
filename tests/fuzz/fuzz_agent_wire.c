/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as an answer of the guest agent: what is taken is within its limits. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/str.h"
#include "fuzz.h"
#include "vm/agent_wire.h"
#include "vm/ssh.h"

#define MAX_CHUNK 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *reply = vt_strndup((const char *)data, size);
    VT_AUTO_FREE char *chunk = NULL, *bytes = NULL, *text = NULL;
    VT_AUTO_FREE char *user = vt_ssh_user_in(reply);
    struct vt_agent_exec_status status = {false, 0};
    int64_t number = 0;
    size_t len = 0;
    bool eof;

    if (user && (*user == '-' || *user == '\0'))
        abort();
    if (vt_agent_read_number(reply, NULL, &number) == 0 && number < 0)
        abort();
    if (vt_agent_read_number(reply, "pid", &number) == 0 && number < 0)
        abort();
    if (vt_agent_read_exec_status(reply, &status) == 0 &&
        (status.status < 0 || status.status > 255))
        abort();
    if (vt_agent_read_chunk(reply, MAX_CHUNK, &chunk, &len, &eof) == 0 && len > MAX_CHUNK)
        abort();
    if (vt_base64_decode(reply, &bytes, &len) == 0) {
        text = vt_base64_encode(bytes, len);
        if (!vt_streq(text, reply))
            abort();
    }
    (void)vt_agent_is_connected(reply);
    (void)vt_agent_read_enabled(reply, "guest-exec");
    return 0;
}
