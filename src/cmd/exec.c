/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/way_in.h"
#include "host/interrupt.h"

enum { VIA };
static const struct vt_flag flags[] = {
    [VIA] = {"--via", "WAY", "agent or ssh; by default the agent if it answers", vt_via_names, 0,
             0},
    {0},
};

/* Standard input whole, as the agent takes it only so. Without any, or at a terminal, it is none.
 */
static int read_input(struct vt_buf *input, struct vt_error *err)
{
    char chunk[65536];
    ssize_t n = 0;

    while (!isatty(STDIN_FILENO) && !input->overflowed &&
           (n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
        vt_buf_add(input, chunk, (size_t)n);
    if (n < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot read standard input");
    if (input->overflowed)
        return vt_error_set(
            err, VT_CAUSE_USAGE, -EFBIG,
            "the guest agent takes at most %d MiB of standard input: use --via ssh, "
            "or virtainer cp",
            VT_AGENT_INPUT_MAX >> 20);
    return 0;
}

static int run_by_agent(struct vt_way *way, const char *const *argv, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf input = VT_BUF_INIT(VT_AGENT_INPUT_MAX);
    int r = read_input(&input, err);

    if (r < 0)
        return r;
    vt_interrupt_watch();
    return vt_agent_run_piped(&way->session, argv, vt_buf_str(&input), input.len, STDOUT_FILENO,
                              STDERR_FILENO, err);
}

static int run_by_ssh(struct vt_way *way, const char *const *argv, struct vt_error *err)
{
    VT_AUTO_FREE char *command = vt_shell_quote(argv);
    struct vt_ssh_io io = {
        .in = -1,
        .out = STDOUT_FILENO,
        .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
    };

    vt_interrupt_watch();
    return vt_ssh_run(&way->ssh, command, &io, err);
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    const char *const *argv = (const char *const *)call->argv;
    VT_AUTO_WAY_IN struct vt_way_in in = {0};
    VT_AUTO_WAY struct vt_way way = {0};
    int r = vt_way_in_find(NULL, &in, err);

    if (r == 0)
        r = vt_way_in_open(&in, call->flags[VIA], &way, err);
    if (r < 0)
        return r;
    r = way.via == VT_VIA_AGENT ? run_by_agent(&way, argv, err) : run_by_ssh(&way, argv, err);
    return vt_interrupt_status(r);
}

const struct vt_command vt_cmd_exec = {
    .name = "exec",
    .summary = "run a program in the guest",
    .arguments = "[--] PROGRAM [ARGUMENT…]",
    .min_args = 1,
    .max_args = INT32_MAX,
    .flags_first = true,
    .flags = flags,
    .details = "Run PROGRAM in the guest, with this command's standard input, output and error,\n"
               "and the status it ends with. By the guest agent (as root, without a terminal) if\n"
               "it answers, else by SSH (as the image's user). The words reach it as they are; a\n"
               "shell is asked for by name:\n\n"
               "    docker exec NAME virtainer exec sh -c 'echo $HOME'",
    .run = run,
};
