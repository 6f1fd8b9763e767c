/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <time.h>

#include "base/str.h"
#include "cmd/command.h"
#include "launcher/status.h"

static const char help[] = "usage: virtainer state [--json]\n\n"
                           "Tell the state of this container's guest: preparing, running, paused,\n"
                           "stopping or stopped. --json tells all that was decided for it too\n"
                           "(docs/state-json.md).\n";

int vt_cmd_state(int argc, char *argv[], struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    bool json = false;
    int r = vt_read_simple_flags(argc, argv, help, &json, err);

    if (r != 0)
        return r < 0 ? r : 0;
    r = vt_status_read(&status, err);
    if (r < 0)
        return r;
    if (json) {
        VT_AUTO_FREE char *text = vt_status_json(&status);

        printf("%s\n", text);
    } else {
        printf("%s\n", vt_phase_name(status.phase));
    }
    return 0;
}
