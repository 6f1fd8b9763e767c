/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"
#include "vm/agent.h"

static const char *const ways[] = {"agent", "button", NULL};

enum { VIA };
static const struct vt_flag flags[] = {
    [VIA] = {"--via", "HOW", "agent or button; by default the agent if it answers", ways, 0, 0},
    {0},
};

/* Whether to ask the guest agent; -EIO and the like when it was asked for and does not answer. */
static int choose(struct vt_guest *guest, const char *via, bool *ret_agent, struct vt_error *err)
{
    int r;

    *ret_agent = false;
    if (via && vt_streq(via, "button"))
        return 0;
    r = vt_agent_ping(&guest->session, via ? err : NULL);
    *ret_agent = r == 0;
    return via ? r : 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_GUEST struct vt_guest guest = {0};
    bool by_agent = false;
    int r = vt_guest_open(&guest, err);

    if (r == 0)
        r = choose(&guest, call->flags[VIA], &by_agent, err);
    if (r == 0)
        r = vt_session_reboot(&guest.session, by_agent, err);
    if (r < 0)
        return r;
    printf("%s\n", by_agent ? "asked the guest agent to reboot"
                            : "pressed the power button; the guest starts anew when it is off");
    return 0;
}

const struct vt_command vt_cmd_reboot = {
    .name = "reboot",
    .summary = "ask the guest to reboot",
    .flags = flags,
    .details = "Ask the guest to reboot: by its agent, if it answers, else by its power button,\n"
               "and then it is started anew where it would be off. It returns when the guest\n"
               "has been asked; virtainer wait tells when it is back. A guest that heeds\n"
               "neither goes on: virtainer reset does not ask.",
    .run = run,
};
