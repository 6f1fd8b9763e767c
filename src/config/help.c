/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options for people: as --help, and as the README's Markdown. */
#include "config/options.h"

char *vt_config_help(void)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        VT_AUTO_FREE char *flag = vt_option_flag(option);
        VT_AUTO_FREE char *left = vt_fmt("%s %s", flag, option->metavar);

        vt_buf_addf(&out, "  %-26s %s", left, option->help);
        if (option->fallback)
            vt_buf_addf(&out, " [%s]", option->fallback);
        vt_buf_adds(&out, "\n");
    }
    return vt_buf_take(&out);
}

char *vt_config_markdown(void)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_adds(&out, "| variable | flag | default | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        VT_AUTO_FREE char *flag = vt_option_flag(option);

        vt_buf_addf(&out, "| `%s` | `%s %s` | %s%s%s | %s |\n", option->env, flag, option->metavar,
                    option->fallback ? "`" : "", option->fallback ? option->fallback : "",
                    option->fallback ? "`" : "", option->help);
    }
    return vt_buf_take(&out);
}
