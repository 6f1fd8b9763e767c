/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flags of a command: read, and told in its help. */
#include <assert.h>
#include <errno.h>

#include "base/str.h"
#include "cmd/command.h"

static bool has_more(const struct vt_flag *flag)
{
    return flag && flag->name;
}

static int refuse(const struct vt_command *command, struct vt_error *err, const char *what,
                  const char *arg)
{
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s %s '%s': see virtainer %s --help",
                        command->name, what, arg, command->name);
}

static int refuse_value(const struct vt_flag *flag, const char *value, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf allowed = VT_BUF_INIT(1024);

    if (flag->max)
        vt_buf_addf(&allowed, "give a whole number from %llu to %llu",
                    (unsigned long long)flag->min, (unsigned long long)flag->max);
    for (size_t i = 0; flag->values && flag->values[i]; i++)
        vt_buf_addf(&allowed, "%s%s", i == 0 ? "give " : (flag->values[i + 1] ? ", " : " or "),
                    flag->values[i]);
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s %s cannot be used: %s", flag->name,
                        *value ? value : "''", vt_buf_str(&allowed));
}

static int check_value(const struct vt_flag *flag, const char *value, struct vt_error *err)
{
    uint64_t number;

    if (flag->max && (vt_parse_u64(value, flag->max, &number) < 0 || number < flag->min))
        return refuse_value(flag, value, err);
    if (!flag->values)
        return 0;
    for (size_t i = 0; flag->values[i]; i++) {
        if (vt_streq(flag->values[i], value))
            return 0;
    }
    return refuse_value(flag, value, err);
}

/* Read the flag at @argv[*@i], and its value, which may be the next argument. */
static int read_flag(const struct vt_command *command, char *argv[], int *i, struct vt_call *call,
                     struct vt_error *err)
{
    const char *arg = argv[*i];
    size_t len = strcspn(arg, "=");

    for (size_t n = 0; has_more(command->flags + n); n++) {
        const struct vt_flag *flag = &command->flags[n];
        const char *value = "";

        assert(n < VT_FLAGS_MAX);
        if (strlen(flag->name) != len || strncmp(flag->name, arg, len) != 0)
            continue;
        if (!flag->metavar && arg[len])
            return refuse(command, err, "takes no value in", arg);
        if (flag->metavar)
            value = arg[len] ? arg + len + 1 : argv[++*i];
        if (!value)
            return refuse(command, err, "needs a value after", arg);
        call->flags[n] = value;
        return check_value(flag, value, err);
    }
    return refuse(command, err, "does not know", arg);
}

static int check_choice(const struct vt_command *command, const char *arg, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf allowed = VT_BUF_INIT(1024);

    for (size_t i = 0; command->choices[i]; i++) {
        if (vt_streq(command->choices[i], arg))
            return 0;
        vt_buf_addf(&allowed, "%s%s", i == 0 ? "" : " or ", command->choices[i]);
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s does not know '%s': give %s",
                        command->name, arg, vt_buf_str(&allowed));
}

static int check_count(const struct vt_command *command, const struct vt_call *call,
                       struct vt_error *err)
{
    if (call->argc > command->max_args)
        return refuse(command, err, "does not know", call->argv[command->max_args]);
    if (call->argc < command->min_args)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "%s needs more: virtainer %s %s; see virtainer %s --help",
                            command->name, command->name, command->arguments, command->name);
    return 0;
}

int vt_command_read(const struct vt_command *command, int argc, char *argv[], struct vt_call *ret,
                    struct vt_error *err)
{
    bool all_read = false;
    int r = 0;

    /* What is no flag is moved to the front. */
    *ret = (struct vt_call){.argv = argv + 1};
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];

        /* A dash alone is standard input or output. */
        if (all_read || arg[0] != '-' || arg[1] == '\0') {
            ret->argv[ret->argc++] = argv[i];
            all_read = all_read || command->flags_first;
            continue;
        }
        if (vt_streq(arg, "--")) {
            all_read = true;
            continue;
        }
        if (vt_streq(arg, "--help") || vt_streq(arg, "-h"))
            return 1;
        if (!command->flags)
            return refuse(command, err, "does not know", arg);
        r = read_flag(command, argv, &i, ret, err);
        if (r < 0)
            return r;
    }
    ret->argv[ret->argc] = NULL;
    r = check_count(command, ret, err);
    return r == 0 && command->choices && ret->argc > 0 ? check_choice(command, ret->argv[0], err)
                                                       : r;
}

uint64_t vt_flag_number(const char *given, uint64_t fallback)
{
    uint64_t number = fallback;

    if (given && vt_parse_u64(given, UINT64_MAX, &number) < 0)
        number = fallback;
    return number;
}

char *vt_command_usage(const struct vt_command *command)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_addf(&out, "usage: virtainer %s", command->name);
    if (has_more(command->flags))
        vt_buf_adds(&out, " [FLAG…]");
    if (command->arguments)
        vt_buf_addf(&out, " %s", command->arguments);
    vt_buf_addf(&out, "\n\n%s\n", command->details);
    for (const struct vt_flag *flag = command->flags; has_more(flag); flag++) {
        VT_AUTO_FREE char *left = vt_fmt("%s%s%s", flag->name, flag->metavar ? " " : "",
                                         flag->metavar ? flag->metavar : "");

        vt_buf_addf(&out, "%s  %-22s %s\n", flag == command->flags ? "\n" : "", left, flag->help);
    }
    return vt_buf_take(&out);
}
