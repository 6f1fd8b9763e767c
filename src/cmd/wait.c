/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "launcher/wait.h"

/* Ten minutes: an emulated guest on a busy machine boots in two or three. */
#define DEFAULT_SECONDS 600
/* Ten years. */
#define MAX_SECONDS 315360000

enum { FOR, TIMEOUT };
static const struct vt_flag flags[] = {
    [FOR] = {"--for", "WHAT", "running, network, ssh, cloud-init or ready [ready]",
             vt_milestone_names, 0, 0},
    [TIMEOUT] = {"--timeout", "SECONDS", "how long at most; 0: only ask [600]", NULL, 0,
                 MAX_SECONDS},
    {0},
};

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_FREE char *text = NULL;
    enum vt_milestone goal =
        call->flags[FOR] ? vt_milestone_find(call->flags[FOR]) : VT_MILESTONE_READY;
    unsigned seconds = (unsigned)vt_flag_number(call->flags[TIMEOUT], DEFAULT_SECONDS);
    int r = vt_wait(goal, seconds, &status, err);

    if (r < 0)
        return r;
    text = vt_wait_describe(&status);
    printf("%s\n", text);
    return 0;
}

const struct vt_command vt_cmd_wait = {
    .name = "wait",
    .summary = "wait until the guest is ready",
    .flags = flags,
    .details = "Wait until this container's guest has come as far as WHAT since its start (or\n"
               "since it rebooted), and say how far it is:\n"
               "  running     QEMU runs it\n"
               "  network     it answers at its address\n"
               "  ssh         an SSH server introduces itself there\n"
               "  cloud-init  cloud-init has ended\n"
               "  ready       ssh (running, with NETWORK=none), and if the guest has shown that\n"
               "              it has cloud-init, that has ended too; that alone where its\n"
               "              address cannot be learned\n"
               "It may be called before the guest is started.\n\n"
               "Exit status: 0 it is so; 80 the time is over; 81 cloud-init ended degraded, and\n"
               "82 it failed (its words are on standard error); 83 the guest ended; 2 there is\n"
               "no network to wait for.",
    .run = run,
};
