/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "base/str.h"
#include "config/config.h"

/* In the order of the help text. */
/* clang-format off */
const struct vt_command *const vt_commands[] = {
    &vt_cmd_run,
    &vt_cmd_state,
    &vt_cmd_list,
    &vt_cmd_healthcheck,
    &vt_cmd_wait,
    &vt_cmd_console,
    &vt_cmd_stop,
    &vt_cmd_save,
    &vt_cmd_log,
    &vt_cmd_pause,
    &vt_cmd_resume,
    &vt_cmd_reboot,
    &vt_cmd_reset,
    &vt_cmd_screenshot,
    &vt_cmd_ssh,
    &vt_cmd_exec,
    &vt_cmd_cp,
    &vt_cmd_image,
    &vt_cmd_clean,
    &vt_cmd_commit,
    &vt_cmd_completion,
    NULL,
};
/* clang-format on */

const struct vt_command *vt_command_find(const char *name)
{
    for (size_t i = 0; vt_commands[i]; i++) {
        if (vt_streq(vt_commands[i]->name, name))
            return vt_commands[i];
    }
    return NULL;
}

int vt_command_execute(const struct vt_command *command, int argc, char *argv[],
                       struct vt_error *err)
{
    struct vt_call call;
    int r;

    if (command->run_raw)
        return command->run_raw(argc, argv, err);
    r = vt_command_read(command, argc, argv, &call, err);
    if (r > 0) {
        VT_AUTO_FREE char *text = vt_command_usage(command);

        printf("%s", text);
        return 0;
    }
    return r < 0 ? r : command->run(&call, err);
}

char *vt_exit_status_help(void)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    for (enum vt_cause i = 0; i < VT_CAUSE_MAX_; i++)
        vt_buf_addf(&out, "  %3d  %s\n", vt_cause_exit_status(i), vt_cause_meaning(i));
    return vt_buf_take(&out);
}

char *vt_command_help(void)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_adds(&out, "virtainer: a virtual machine that is handled as a container\n\n"
                      "usage: virtainer COMMAND [FLAG…]\n"
                      "       virtainer [FLAG…]       the same as virtainer run\n"
                      "       virtainer PROGRAM …     anything else is run as it is\n\n");
    for (size_t i = 0; vt_commands[i]; i++)
        vt_buf_addf(&out, "  %-12s %s\n", vt_commands[i]->name, vt_commands[i]->summary);
    vt_buf_adds(&out, "\n  --help, --version\n\nvirtainer COMMAND --help tells more.\n");
    return vt_buf_take(&out);
}

char *vt_markdown_tables(void)
{
    VT_AUTO_FREE char *options = vt_config_markdown();
    struct vt_buf out = VT_BUF_INIT(1 << 18);

    vt_buf_addf(&out, "%s\n| status | meaning |\n| --- | --- |\n", options);
    for (enum vt_cause i = 0; i < VT_CAUSE_MAX_; i++)
        vt_buf_addf(&out, "| %d | %s |\n", vt_cause_exit_status(i), vt_cause_meaning(i));
    vt_buf_adds(&out, "\n| command | |\n| --- | --- |\n");
    for (size_t i = 0; vt_commands[i]; i++)
        vt_buf_addf(&out, "| `%s` | %s |\n", vt_commands[i]->name, vt_commands[i]->summary);
    return vt_buf_take(&out);
}
