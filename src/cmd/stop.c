/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop, and save, which is one of its ways. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/stop.h"
#include "launcher/client.h"
#include "launcher/control.h"

static void on_progress(const char *text)
{
    printf("%s\n", text);
    (void)fflush(stdout);
}

int vt_stop_guest(enum vt_stop_how how, const char *grace, bool wait, struct vt_error *err)
{
    const struct vt_request request = {
        .kind = VT_REQUEST_STOP,
        .how = how,
        .grace = grace ? (int64_t)vt_flag_number(grace, 0) : -1,
    };
    VT_AUTO_FREE char *error = NULL;
    int r = vt_client_stop(VT_CONTROL_PATH, &request, wait, on_progress, &error, err);

    if (error)
        vt_error_log("%s", error);
    return r;
}

enum { SHUTDOWN, SAVE, POWEROFF, GRACE, NO_WAIT };

#define GRACE_FLAG                                                                             \
    {                                                                                          \
        "--grace", "SECONDS", "how long it may take before force; else GRACE_PERIOD", NULL, 0, \
            VT_PROTOCOL_GRACE_MAX                                                              \
    }
#define NO_WAIT_FLAG                                                    \
    {                                                                   \
        "--no-wait", NULL, "return once the stop has begun", NULL, 0, 0 \
    }

static const struct vt_flag stop_flags[] = {
    [SHUTDOWN] = {"--shutdown", NULL, "press the power button", NULL, 0, 0},
    [SAVE] = {"--save", NULL, "save its memory: the next start goes on where it was", NULL, 0, 0},
    [POWEROFF] = {"--poweroff", NULL, "cut its power: what it had not written is lost", NULL, 0, 0},
    [GRACE] = GRACE_FLAG,
    [NO_WAIT] = NO_WAIT_FLAG,
    {0},
};

static int run_stop(const struct vt_call *call, struct vt_error *err)
{
    static const enum vt_stop_how hows[] = {VT_HOW_SHUTDOWN, VT_HOW_SAVE, VT_HOW_POWEROFF};
    enum vt_stop_how how = VT_HOW_SAME;

    for (size_t i = SHUTDOWN; i <= POWEROFF; i++) {
        if (!call->flags[i])
            continue;
        if (how != VT_HOW_SAME)
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "give one of --shutdown, --save and --poweroff");
        how = hows[i];
    }
    return vt_stop_guest(how, call->flags[GRACE], !call->flags[NO_WAIT], err);
}

#define STATUSES                                                                      \
    "The exit status is the one that the container ends with (virtainer run --help\n" \
    "has them), or 0 with --no-wait. Leaving this command with Ctrl-C leaves the\n"   \
    "guest going on with its stop."

const struct vt_command vt_cmd_stop = {
    .name = "stop",
    .summary = "stop the guest, and with it the container",
    .flags = stop_flags,
    .details = "Stop the guest in the way that is given, or else as STOP_ACTION says, telling\n"
               "how far it is. If it is being stopped already, this joins in; --save and\n"
               "--poweroff change the way while that is possible.\n\n" STATUSES,
    .run = run_stop,
};

enum { SAVE_GRACE, SAVE_NO_WAIT };

static const struct vt_flag save_flags[] = {
    [SAVE_GRACE] = GRACE_FLAG,
    [SAVE_NO_WAIT] = NO_WAIT_FLAG,
    {0},
};

static int run_save(const struct vt_call *call, struct vt_error *err)
{
    return vt_stop_guest(VT_HOW_SAVE, call->flags[SAVE_GRACE], !call->flags[SAVE_NO_WAIT], err);
}

const struct vt_command vt_cmd_save = {
    .name = "save",
    .summary = "stop the guest with its memory saved, for the next start to go on from",
    .flags = save_flags,
    .details = "The same as virtainer stop --save: the guest's memory is written to the data\n"
               "directory, and a container that is started with this directory goes on where\n"
               "the guest was.\n\n" STATUSES,
    .run = run_save,
};
