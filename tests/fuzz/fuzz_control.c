/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a line of the control socket, from either side: what is taken means the same when it
 * is written down again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "launcher/protocol.h"

static void check_request(const char *line, size_t len)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *made = NULL;
    struct vt_request request, again;
    int r = vt_request_parse(line, len, &request, &err);

    if ((r < 0) != (err.msg != NULL) || (r < 0 && err.cause != VT_CAUSE_USAGE))
        abort();
    if (r < 0)
        return;
    if (request.kind >= VT_REQUEST_MAX_ || request.grace < -1 ||
        request.grace > VT_PROTOCOL_GRACE_MAX || request.history > VT_PROTOCOL_HISTORY_MAX)
        abort();
    made = vt_request_text(&request);
    if (vt_request_parse(made, strlen(made) - 1, &again, NULL) < 0 || again.kind != request.kind ||
        again.how != request.how || again.grace != request.grace ||
        again.history != request.history)
        abort();
}

static void check_answer(const char *line, size_t len)
{
    VT_AUTO_ANSWER struct vt_answer answer, again = {0};
    VT_AUTO_FREE char *made = NULL;

    if (vt_answer_parse(line, len, &answer) < 0) {
        if (answer.text)
            abort();
        return;
    }
    if (answer.kind == VT_ANSWER_OTHER)
        return;
    made = vt_answer_text(answer.kind, answer.status, answer.text);
    if (strchr(made, '\n') != made + strlen(made) - 1)
        abort();
    /* Escapes make it longer: what was near the limit may be too long then. */
    if (strlen(made) > VT_PROTOCOL_LINE_MAX)
        return;
    if (vt_answer_parse(made, strlen(made) - 1, &again) < 0 || again.kind != answer.kind ||
        again.status != answer.status || !again.text != !answer.text ||
        (again.text && strcmp(again.text, answer.text) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_request((const char *)data, size);
    check_answer((const char *)data, size);
    return 0;
}
