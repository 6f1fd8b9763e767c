/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of virtainer. Each is one struct in its own file, with its flags as a table: reading
 * them, --help and shell completion are made from it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* No command has more flags than this. */
#define VT_FLAGS_MAX 8

struct vt_flag {
    const char *name;          /* "--json" */
    const char *metavar;       /* what stands for its value in help texts; NULL: it takes none */
    const char *help;          /* one line */
    const char *const *values; /* what it may be, ended by NULL; NULL: anything */
    uint64_t min, max;         /* when max is not 0: a whole number between them */
};

/* What a command is called with. */
struct vt_call {
    /* For each flag of its table, in order: the value that was given, "" where it takes none, NULL
     * if it was not given. */
    const char *flags[VT_FLAGS_MAX];
    /* What is no flag, ended by NULL. */
    int argc;
    char **argv;
};

struct vt_command {
    const char *name;
    const char *summary;   /* one line, for the list of commands */
    const char *arguments; /* after the flags in the usage line: "[FILE]"; NULL: there are none */
    int min_args, max_args;
    const char *const *choices; /* what the first argument may be, ended by NULL; NULL: anything */
    /* Flags end at the first argument, and all after it belongs to another program. */
    bool flags_first;
    const struct vt_flag *flags; /* ended by one without a name; NULL: none but --help */
    const char *details;         /* the rest of --help: paragraphs of up to 80 columns */

    /*
     * The command's work. Returns the exit status, or a negative errno with @err, which main prints
     * and turns into the status of its cause.
     */
    int (*run)(const struct vt_call *call, struct vt_error *err);
    /* Instead of it, for a command that reads its flags by itself: @argv[0] is its name. */
    int (*run_raw)(int argc, char *argv[], struct vt_error *err);
};

extern const struct vt_command vt_cmd_run;
extern const struct vt_command vt_cmd_state;
extern const struct vt_command vt_cmd_list;
extern const struct vt_command vt_cmd_stop;
extern const struct vt_command vt_cmd_save;
extern const struct vt_command vt_cmd_console;
extern const struct vt_command vt_cmd_log;
extern const struct vt_command vt_cmd_healthcheck;
extern const struct vt_command vt_cmd_wait;
extern const struct vt_command vt_cmd_pause;
extern const struct vt_command vt_cmd_resume;
extern const struct vt_command vt_cmd_reboot;
extern const struct vt_command vt_cmd_reset;
extern const struct vt_command vt_cmd_screenshot;
extern const struct vt_command vt_cmd_ssh;
extern const struct vt_command vt_cmd_exec;
extern const struct vt_command vt_cmd_cp;
extern const struct vt_command vt_cmd_image;
extern const struct vt_command vt_cmd_clean;
extern const struct vt_command vt_cmd_commit;
extern const struct vt_command vt_cmd_completion;

/* Every command, in the order of the help text; ended by NULL. */
extern const struct vt_command *const vt_commands[];

/* The command called @name, or NULL. */
const struct vt_command *vt_command_find(const char *name);

/*
 * Read the flags of @command from @argv (@argv[0] is its name) and do its work; --help prints its
 * help instead. Returns as the command's work does.
 */
int vt_command_execute(const struct vt_command *command, int argc, char *argv[],
                       struct vt_error *err) VT_MUST_CHECK;

/*
 * Read the flags of @command from @argv into @ret, whose argv is a part of @argv. Returns 0, 1 when
 * --help was among them, or -EINVAL.
 */
int vt_command_read(const struct vt_command *command, int argc, char *argv[], struct vt_call *ret,
                    struct vt_error *err) VT_MUST_CHECK;

/* The number that a flag with limits was given as, or @fallback when it was not given. */
uint64_t vt_flag_number(const char *given, uint64_t fallback);

/* `virtainer COMMAND --help`; the caller frees it. */
char *vt_command_usage(const struct vt_command *command);

/* `virtainer --help`; the caller frees it. */
char *vt_command_help(void);

/* The table of exit statuses as lines of text, for help texts; the caller frees it. */
char *vt_exit_status_help(void);

/* The README's Markdown tables: variables, exit statuses, commands; the caller frees it. */
char *vt_markdown_tables(void);
