/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of virtainer: one table for dispatch and help. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * A command's work. @argv[0] is its name. Returns the exit status, or a negative errno with @err,
 * which main prints and turns into the status of its cause.
 */
typedef int (*vt_command_run)(int argc, char *argv[], struct vt_error *err);

struct vt_command {
    const char *name;
    const char *summary;
    vt_command_run run;
};

int vt_cmd_run(int argc, char *argv[], struct vt_error *err);
int vt_cmd_state(int argc, char *argv[], struct vt_error *err);
int vt_cmd_list(int argc, char *argv[], struct vt_error *err);
int vt_cmd_healthcheck(int argc, char *argv[], struct vt_error *err);

/* The command called @name, or NULL. */
const struct vt_command *vt_command_find(const char *name);

/* `virtainer --help`; the caller frees it. */
char *vt_command_help(void);

/* The table of exit statuses as lines of text, for help texts; the caller frees it. */
char *vt_exit_status_help(void);

/* The README's Markdown tables: variables, then exit statuses; the caller frees it. */
char *vt_markdown_tables(void);

/*
 * Read the flags of a command that takes --help (which prints @help) and, when @json is not NULL,
 * --json. Returns 0, 1 when help was printed, or -EINVAL.
 */
int vt_read_simple_flags(int argc, char *argv[], const char *help, bool *json,
                         struct vt_error *err) VT_MUST_CHECK;
