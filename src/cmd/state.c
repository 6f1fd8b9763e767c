/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"
#include "launcher/health.h"

enum { JSON };
static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "all that was decided for it too (docs/state-json.md)", NULL, 0, 0},
    {0},
};

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r = vt_guest_status(&status, err);

    if (r < 0)
        return r;
    if (call->flags[JSON]) {
        VT_AUTO_FREE char *text = vt_status_json(&status);

        printf("%s\n", text);
    } else {
        printf("%s\n", vt_phase_name(status.phase));
    }
    vt_health_warn(&status);
    return 0;
}

const struct vt_command vt_cmd_state = {
    .name = "state",
    .summary = "tell the state of the guest",
    .flags = flags,
    .details = "Tell the state of this container's guest: preparing, resuming, running, paused,\n"
               "saving, stopping, stopped or saved. In a container that runs none, tell the\n"
               "state of the guest in the data directory: stopped, saved, or running if another\n"
               "virtainer holds it.",
    .run = run,
};
