/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtainer: a virtual machine that a person handles as a container. Dispatch, and the exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"

static char run_name[] = "run";

/* What is no command of ours is run in our place: `docker run IMAGE bash`. */
static int exec_other(char *argv[], struct vt_error *err)
{
    (void)execvp(argv[0], argv);
    return vt_error_set(err, VT_CAUSE_USAGE, -errno,
                        "'%s' is neither a command of virtainer nor a program here (%s): see "
                        "virtainer --help",
                        argv[0], strerror(errno));
}

static int print(char *text)
{
    printf("%s", text);
    free(text);
    return 0;
}

static int dispatch(int argc, char *argv[], struct vt_error *err)
{
    const struct vt_command *command;

    if (argc > 1 && (vt_streq(argv[1], "--help") || vt_streq(argv[1], "-h")))
        return print(vt_command_help());
    if (argc > 1 && vt_streq(argv[1], "--version"))
        return print(vt_strdup("virtainer " VT_VERSION "\n"));
    if (argc > 1 && vt_streq(argv[1], "--markdown-tables"))
        return print(vt_markdown_tables());
    /* `docker run IMAGE --ram 2G`: flags alone are those of run, whose name takes the program's
     * place. */
    if (argc < 2 || argv[1][0] == '-') {
        argv[0] = run_name;
        return vt_command_execute(&vt_cmd_run, argc, argv, err);
    }
    command = vt_command_find(argv[1]);
    if (command)
        return vt_command_execute(command, argc - 1, argv + 1, err);
    return exec_other(argv + 1, err);
}

/* Without them the next file that is opened takes their place, and the log is written into it. */
static void open_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

int main(int argc, char *argv[])
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r;

    open_standard_streams();
    r = dispatch(argc, argv, &err);
    if (r >= 0)
        return r;
    vt_error_log("%s", err.msg);
    return vt_cause_exit_status(err.cause);
}
