/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>

#include "base/str.h"
#include "config/config.h"

static const struct vt_command commands[] = {
    {"run", "run the guest until it is off (what the container does by default)", vt_cmd_run},
    {"state", "tell the state of the guest", vt_cmd_state},
    {"list", "list the guest: name, id, state, address", vt_cmd_list},
    {"healthcheck", "succeed if the guest runs", vt_cmd_healthcheck},
};

const struct vt_command *vt_command_find(const char *name)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(commands); i++) {
        if (vt_streq(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
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
    for (size_t i = 0; i < VT_ARRAY_SIZE(commands); i++)
        vt_buf_addf(&out, "  %-12s %s\n", commands[i].name, commands[i].summary);
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
    return vt_buf_take(&out);
}

int vt_read_simple_flags(int argc, char *argv[], const char *help, bool *json, struct vt_error *err)
{
    for (int i = 1; i < argc; i++) {
        if (vt_streq(argv[i], "--help") || vt_streq(argv[i], "-h")) {
            printf("%s", help);
            return 1;
        }
        if (json && vt_streq(argv[i], "--json")) {
            *json = true;
            continue;
        }
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "%s does not know '%s': see virtainer %s --help", argv[0], argv[i],
                            argv[0]);
    }
    return 0;
}
