/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"
#include "launcher/status.h"

static const char help[] =
    "usage: virtainer list\n\n"
    "List this container's guest: its name, its id, its state and the address\n"
    "where it is reached.\n";

int vt_cmd_list(int argc, char *argv[], struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r = vt_read_simple_flags(argc, argv, help, NULL, err);

    if (r != 0)
        return r < 0 ? r : 0;
    r = vt_status_read(&status, err);
    if (r < 0)
        return r;
    printf("%-20s %-38s %-10s %s\n", "NAME", "ID", "STATE", "ADDRESS");
    printf("%-20s %-38s %-10s %s\n", status.name, status.uuid, vt_phase_name(status.phase),
           status.address ? status.address : "-");
    return 0;
}
