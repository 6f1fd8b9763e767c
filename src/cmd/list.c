/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/command.h"
#include "launcher/status.h"

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r = vt_status_read(&status, err);

    (void)call;
    if (r < 0)
        return r;
    printf("%-20s %-38s %-10s %s\n", "NAME", "ID", "STATE", "ADDRESS");
    printf("%-20s %-38s %-10s %s\n", status.name, status.uuid, vt_phase_name(status.phase),
           status.address ? status.address : "-");
    return 0;
}

const struct vt_command vt_cmd_list = {
    .name = "list",
    .summary = "list the guest: name, id, state, address",
    .details = "List this container's guest: its name, its id, its state and the address\n"
               "where it is reached.",
    .run = run,
};
