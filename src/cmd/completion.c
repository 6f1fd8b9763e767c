/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion for shells, made from the tables of commands and flags. */
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "config/config.h"

/*
 * The shell's part: $1 to $3 of the function are of no use, as bash cuts words at = and :, which
 * are parts of ours.
 */
static const char head[] =
    "# bash completion for virtainer; made by: virtainer completion bash\n"
    "_virtainer() {\n"
    "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' "
    "words='' i\n"
    "  if [[ $word == = ]]; then\n"
    "    word=''\n"
    "  elif [[ $before == = ]]; then\n"
    "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "  fi\n"
    "  if ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi\n"
    "  # Flags alone are those of run.\n"
    "  if [[ $command == -* || ($COMP_CWORD == 1 && $word == -*) ]]; then command=run; fi\n"
    "  COMPREPLY=()\n"
    "  case $command,$before in\n";

static const char middle[] = "  esac\n"
                             "  if [[ -z $words ]]; then\n"
                             "    case $command in\n";

/* Flags are offered to who begins one, or where nothing else can come; else file names are bash's
 * own doing (complete -o default). */
static const char tail[] = "    esac\n"
                           "  fi\n"
                           "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                           "}\n"
                           "complete -o default -F _virtainer virtainer\n";

static void add_values(struct vt_buf *out, const char *command, const char *flag,
                       const char *const *values)
{
    vt_buf_addf(out, "    %s,%s) ", command, flag);
    if (!values) {
        /* Anything: a path perhaps. */
        vt_buf_adds(out, "return ;;\n");
        return;
    }
    vt_buf_adds(out, "words='");
    for (size_t i = 0; values[i]; i++)
        vt_buf_addf(out, "%s%s", i > 0 ? " " : "", values[i]);
    vt_buf_adds(out, "' ;;\n");
}

static void add_run_values(const char *flag, const char *const *values, void *data)
{
    add_values(data, vt_cmd_run.name, flag, values);
}

static void add_run_flag(const char *flag, const char *const *values, void *data)
{
    (void)values;
    vt_buf_addf(data, "%s ", flag);
}

static bool has_more(const struct vt_flag *flag)
{
    return flag && flag->name;
}

static void add_command_values(struct vt_buf *out, const struct vt_command *command)
{
    for (const struct vt_flag *flag = command->flags; has_more(flag); flag++) {
        if (flag->metavar)
            add_values(out, command->name, flag->name, flag->values);
    }
    /* Right after the command. */
    if (command->choices)
        add_values(out, command->name, command->name, command->choices);
}

static void add_command_flags(struct vt_buf *out, const struct vt_command *command)
{
    bool files = command->max_args > 0;

    vt_buf_addf(out, "      %s) %swords='", command->name, files ? "[[ $word != -* ]] || " : "");
    if (command == &vt_cmd_run)
        vt_config_each_flag(add_run_flag, out);
    for (const struct vt_flag *flag = command->flags; has_more(flag); flag++)
        vt_buf_addf(out, "%s ", flag->name);
    vt_buf_adds(out, "--help' ;;\n");
}

static char *completion_bash(void)
{
    struct vt_buf out = VT_BUF_INIT(1 << 18);

    vt_buf_adds(&out, head);
    vt_config_each_flag(add_run_values, &out);
    for (size_t i = 0; vt_commands[i]; i++)
        add_command_values(&out, vt_commands[i]);
    vt_buf_adds(&out, middle);
    vt_buf_adds(&out, "      '') words='");
    for (size_t i = 0; vt_commands[i]; i++)
        vt_buf_addf(&out, "%s ", vt_commands[i]->name);
    vt_buf_adds(&out, "' ;;\n");
    for (size_t i = 0; vt_commands[i]; i++)
        add_command_flags(&out, vt_commands[i]);
    vt_buf_adds(&out, tail);
    return vt_buf_take(&out);
}

static const char *const shells[] = {"bash", NULL};

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_FREE char *text = completion_bash();

    (void)call;
    (void)err;
    printf("%s", text);
    return 0;
}

const struct vt_command vt_cmd_completion = {
    .name = "completion",
    .summary = "a script that completes these commands in bash",
    .arguments = "bash",
    .min_args = 1,
    .max_args = 1,
    .choices = shells,
    .details = "Print a script that completes commands, flags and their values. The container\n"
               "image has it: docker exec -it NAME bash. Elsewhere:\n\n"
               "    eval \"$(virtainer completion bash)\"",
    .run = run,
};
