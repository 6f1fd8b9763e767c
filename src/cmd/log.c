/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "cmd/command.h"
#include "launcher/client.h"
#include "launcher/control.h"
#include "launcher/events.h"

#define LINES_MAX 1000000

enum { JSON, FOLLOW, LINES, UTC };
static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "as it is kept: one object a line (docs/log-json.md)", NULL, 0, 0},
    [FOLLOW] = {"--follow", NULL, "go on with what is added, until the guest is off", NULL, 0, 0},
    [LINES] = {"--lines", "N", "only the last N messages", NULL, 0, LINES_MAX},
    [UTC] = {"--utc", NULL, "times in UTC, not in the container's time zone", NULL, 0, 0},
    {0},
};

static void show(const char *line, size_t len, void *data)
{
    const struct vt_call *call = data;
    VT_AUTO_FREE char *text = NULL;

    if (call->flags[JSON]) {
        printf("%.*s\n", (int)len, line);
        return;
    }
    text = vt_event_text(line, len, call->flags[UTC]);
    if (text)
        printf("%s\n", text);
}

/* Until the launcher says that it has ended; where there is none, until a person has seen enough.
 */
static int follow(struct vt_events *events, const struct vt_call *call, struct vt_error *err)
{
    const struct vt_request request = {.kind = VT_REQUEST_WAIT};
    /* Not closed: the launcher waits until we have ended. */
    struct vt_client client = VT_CLIENT_INIT;
    struct vt_answer answer = {0};
    struct pollfd set[2] = {{.events = POLLIN}, {.events = POLLIN}};
    int fd = vt_events_fd(events);

    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -fd, "cannot follow " VT_EVENTS_PATH);
    if (vt_client_open(&client, VT_CONTROL_PATH, &request, NULL) < 0)
        client.fd = -1;
    set[0].fd = fd;
    set[1].fd = client.fd;
    while (answer.kind != VT_ANSWER_STATUS) {
        vt_events_more(events, show, (void *)call);
        (void)fflush(stdout);
        (void)poll(set, 2, -1);
        vt_answer_done(&answer);
        if (set[1].revents && vt_client_next(&client, -1, &answer, NULL) < 0)
            break;
    }
    vt_events_more(events, show, (void *)call);
    vt_answer_done(&answer);
    return 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    struct vt_events *events;
    int r = vt_events_open(&events, VT_EVENTS_PATH, VT_EVENTS_OLD_PATH, err);

    if (r < 0)
        return r;
    vt_events_tail(events, vt_flag_number(call->flags[LINES], LINES_MAX), show, (void *)call);
    if (call->flags[FOLLOW])
        r = follow(events, call, err);
    vt_events_close(events);
    return r;
}

const struct vt_command vt_cmd_log = {
    .name = "log",
    .summary = "show what happened when, in all runs of this container",
    .flags = flags,
    .details = "Show what virtainer said, with the time, when the guest's state changed and how\n"
               "far the guest came; what it said on its console is in the engine's log. The\n"
               "messages of earlier runs of this container are there too, unless its /run is a\n"
               "tmpfs; the oldest of some megabytes are dropped.",
    .run = run,
};
