/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before a disk is given to others. */
#include <errno.h>
#include <libgen.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/stop.h"
#include "cmd/way_in.h"
#include "host/interrupt.h"
#include "launcher/data_dir.h"
#include "vm/guest_clean.h"

enum { YES, VIA };

static const struct vt_flag flags[] = {
    [YES] = {"--yes", NULL, "yes, and then shut it down", NULL, 0, 0},
    [VIA] = {"--via", "WAY", "the guest agent or SSH: agent or ssh", vt_via_names, 0, 0},
    {0},
};

/* What we know of a guest that is no more: which seed it was given, and its host keys. */
static void forget(const char *overlay)
{
    static const char *const names[] = {"seed", "ssh/known_hosts"};
    VT_AUTO_FREE char *copy = vt_strdup(overlay);
    const char *data = dirname(copy);

    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_FREE char *path = vt_data_dir_below(data, names[i]);

        (void)unlink(path);
    }
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_WAY_IN struct vt_way_in in = {0};
    VT_AUTO_WAY struct vt_way way = {0};
    int r;

    if (!call->flags[YES])
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "clean removes the guest's host keys, machine-id, authorized keys and "
                            "what cloud-init did, and shuts it down (virtainer clean --help): give "
                            "--yes");
    r = vt_way_in_find(NULL, &in, err);
    if (r == 0)
        r = vt_way_in_open(&in, call->flags[VIA], &way, err);
    if (r < 0)
        return r;
    vt_interrupt_watch();
    r = vt_guest_clean(&way, err);
    if (r < 0)
        return vt_interrupt_status(r);
    forget(in.status.overlay);
    vt_info("the guest is clean, and is shut down: the next boot is its first again, and virtainer "
            "commit makes an image of its disk");
    return vt_stop_guest(VT_HOW_SHUTDOWN, NULL, true, err);
}

const struct vt_command vt_cmd_clean = {
    .name = "clean",
    .summary = "make the guest forget who it is and shut it down, for commit",
    .flags = flags,
    .details = "Before a guest's disk is given to others or made the base of new guests: remove\n"
               "in the running guest what belongs to this one, and shut it down. Then virtainer\n"
               "commit makes an image of it.\n\n"
               "Removed are: what cloud-init keeps of this instance, its seed and logs\n"
               "(cloud-init clean --logs --seed); /etc/ssh/ssh_host_*; authorized_keys of root\n"
               "and of all users in /home; the content of /etc/machine-id. Everything else stays:\n"
               "users and their passwords and files, histories, other logs.\n\n"
               "It needs cloud-init in the guest, which makes new host keys at the next boot and\n"
               "lets in whom the seed of then says, here too. By the guest agent if it answers,\n"
               "else by SSH and sudo.",
    .run = run,
};
