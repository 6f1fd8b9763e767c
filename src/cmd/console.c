/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/str.h"
#include "cmd/command.h"
#include "launcher/console_session.h"
#include "launcher/control.h"
#include "launcher/escape.h"
#include "launcher/status.h"

#define WAIT_DEFAULT 2

enum { ESCAPE, WAIT };
static const struct vt_flag flags[] = {
    [ESCAPE] = {"--escape", "KEY", "the escape key: ^A, ^] (which it is) and the like, or none",
                NULL, 0, 0},
    [WAIT] = {"--wait", "SECONDS", "how long to listen after standard input's end (2)", NULL, 0,
              86400},
    {0},
};

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    struct vt_console_session session = {
        .control = VT_CONTROL_PATH,
        .escape = VT_ESCAPE_DEFAULT,
        .wait_seconds = (unsigned)vt_flag_number(call->flags[WAIT], WAIT_DEFAULT),
    };
    int r;

    if (call->flags[ESCAPE] && vt_escape_parse(call->flags[ESCAPE], &session.escape) < 0)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "--escape %s cannot be used: give ^ and a letter or one of @[\\]^_, or "
                            "none",
                            call->flags[ESCAPE]);
    r = vt_status_read(&status, err);
    if (r < 0)
        return r;
    session.guest = status.name;
    return vt_console_session_run(&session, err);
}

const struct vt_command vt_cmd_console = {
    .name = "console",
    .summary = "the guest's console: see what it says, and type",
    .flags = flags,
    .details = "Show the guest's console, with the last of what it said, and type on it; best\n"
               "with docker exec -it. The container's log and other consoles go on, all see the\n"
               "same. The escape key is Ctrl-]. After it:\n\n"
               "  q . Ctrl-]  leave; the guest goes on\n"
               "  w           type a command that tells the guest this window's size, which a\n"
               "              serial line does not carry\n"
               "  ]           type Ctrl-] itself\n"
               "  ?           help\n\n"
               "Without a terminal (docker exec -i) what comes on standard input is typed, and\n"
               "when that has ended and the guest has said nothing for some seconds, this ends.",
    .run = run,
};
