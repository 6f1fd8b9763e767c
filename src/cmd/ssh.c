/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/ssh.h"

#include <errno.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/way_in.h"

/* `USER@`, or `USER@HOST` from who is used to ssh: only the user counts. NULL: it is none. */
static char *user_of(const char *arg)
{
    const char *at = arg ? strchr(arg, '@') : NULL;

    return at && at > arg && arg[0] != '-' && at[1] == '\0' ? vt_strndup(arg, (size_t)(at - arg))
                                                            : NULL;
}

/* As ssh itself does it: the words with blanks between, for the shell of the guest's user. */
static char *join(char *const *argv)
{
    struct vt_buf out = VT_BUF_INIT(4 << 20);

    for (size_t i = 0; argv[i]; i++)
        vt_buf_addf(&out, "%s%s", i > 0 ? " " : "", argv[i]);
    return vt_buf_take(&out);
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_FREE char *user = user_of(call->argv[0]);
    char *const *words = call->argv + (user ? 1 : 0);
    VT_AUTO_FREE char *command = words[0] ? join(words) : NULL;
    VT_AUTO_WAY_IN struct vt_way_in in = {0};
    VT_AUTO_SSH struct vt_ssh ssh = {0};
    struct vt_ssh_io io = {
        .in = -1,
        .out = STDOUT_FILENO,
        .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
    };
    int r = vt_way_in_find(user, &in, err);

    if (r == 0)
        r = vt_ssh_open(&in.target, &ssh, err);
    return r < 0 ? r : vt_ssh_run(&ssh, command, &io, err);
}

const struct vt_command vt_cmd_ssh = {
    .name = "ssh",
    .summary = "log in to the guest, or run a command there",
    .arguments = "[USER@] [COMMAND…]",
    .max_args = INT32_MAX,
    .flags_first = true,
    .details = "Log in to the guest by SSH, or run COMMAND there with the status it ends with:\n\n"
               "    docker exec -it NAME virtainer ssh\n"
               "    docker exec NAME virtainer ssh root@ systemctl is-system-running\n\n"
               "The user is the given one, else SSH_USER, else the image's default user, which is\n"
               "found out and remembered. Keys: the launcher's (OWN_KEY), a private key mounted\n"
               "at /tmp/id_rsa, or an SSH agent's (SSH_AUTH_SOCK). The guest's host keys are\n"
               "checked: they are those that cloud-init told the launcher, or of the first login.",
    .run = run,
};
