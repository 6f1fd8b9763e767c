/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static const char *const ways[] = {"up", "down", "left", NULL};

enum { QUIET, WAY, COUNT };
static const struct vt_flag flags[] = {
    [QUIET] = {"--quiet", NULL, "say nothing", NULL, 0, 0},
    [WAY] = {"--way", "WAY", "where to", ways, 0, 0},
    [COUNT] = {"--count", "COUNT", "how often", NULL, 2, 10},
    {0},
};

static const struct vt_command move = {
    .name = "move",
    .arguments = "FROM [TO]",
    .min_args = 1,
    .max_args = 2,
    .flags = flags,
    .details = "Move it.",
};

static const struct vt_command wrapper = {
    .name = "wrap",
    .arguments = "PROGRAM [ARGUMENT…]",
    .min_args = 1,
    .max_args = INT32_MAX,
    .flags_first = true,
    .flags = flags,
    .details = "Run it.",
};

static const struct vt_command bare = {.name = "bare", .details = "Be."};

#define MAX_ARGS 8

/* A command line: @words with blanks between, as @ret_argv, whose strings are in @buffer. */
static int split(const char *words, char buffer[256], char *ret_argv[MAX_ARGS + 1])
{
    int argc = 0;
    char *rest = buffer, *word;

    (void)snprintf(buffer, 256, "%s", words);
    while ((word = strsep(&rest, " ")) && argc < MAX_ARGS)
        ret_argv[argc++] = word;
    ret_argv[argc] = NULL;
    return argc;
}

static char *joined(char **argv)
{
    struct vt_buf out = VT_BUF_INIT(256);

    for (size_t i = 0; argv[i]; i++)
        vt_buf_addf(&out, "%s%s", i > 0 ? " " : "", argv[i]);
    return vt_buf_take(&out);
}

static const char *or_none(const char *s)
{
    return s ? s : "(none)";
}

static void flags_are_read_wherever_they_stand(void **state)
{
    static const struct {
        const struct vt_command *command;
        const char *line, *quiet, *way, *count, *rest;
    } rows[] = {
        {&move, "move a", NULL, NULL, NULL, "a"},
        {&move, "move --quiet a b", "", NULL, NULL, "a b"},
        {&move, "move a --way up b --quiet", "", "up", NULL, "a b"},
        {&move, "move --way=left --count=10 a", NULL, "left", "10", "a"},
        {&move, "move --count 2 --count 3 -", NULL, NULL, "3", "-"},
        {&move, "move -- --quiet", NULL, NULL, NULL, "--quiet"},
        {&move, "move a -- --", NULL, NULL, NULL, "a --"},
        {&wrapper, "wrap --quiet ls -l --help", "", NULL, NULL, "ls -l --help"},
        {&wrapper, "wrap --way up -- -x --way", NULL, "up", NULL, "-x --way"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        char buffer[256], *argv[MAX_ARGS + 1];
        int argc = split(rows[i].line, buffer, argv);
        struct vt_call call;
        VT_AUTO_FREE char *rest = NULL;

        if (vt_command_read(rows[i].command, argc, argv, &call, NULL) != 0)
            fail_msg("refused: %s", rows[i].line);
        rest = joined(call.argv);
        assert_string_equal(or_none(call.flags[QUIET]), or_none(rows[i].quiet));
        assert_string_equal(or_none(call.flags[WAY]), or_none(rows[i].way));
        assert_string_equal(or_none(call.flags[COUNT]), or_none(rows[i].count));
        assert_string_equal(rest, rows[i].rest);
    }
}

static void a_wrong_line_is_an_error_that_says_what_is_allowed(void **state)
{
    static const struct {
        const struct vt_command *command;
        const char *line, *message;
    } rows[] = {
        {&move, "move", "move needs more: virtainer move FROM [TO]; see virtainer move --help"},
        {&move, "move a b c", "move does not know 'c': see virtainer move --help"},
        {&move, "move a --loud", "move does not know '--loud': see virtainer move --help"},
        {&move, "move a --quie", "move does not know '--quie': see virtainer move --help"},
        {&move, "move a --quiet=1",
         "move takes no value in '--quiet=1': see virtainer move --help"},
        {&move, "move a --way", "move needs a value after '--way': see virtainer move --help"},
        {&move, "move a --way off", "--way off cannot be used: give up, down or left"},
        {&move, "move a --way=", "--way '' cannot be used: give up, down or left"},
        {&move, "move a --count 1", "--count 1 cannot be used: give a whole number from 2 to 10"},
        {&move, "move a --count 11", "--count 11 cannot be used: give a whole number from 2 to 10"},
        {&move, "move a --count 3x", "--count 3x cannot be used: give a whole number from 2 to 10"},
        {&bare, "bare --quiet", "bare does not know '--quiet': see virtainer bare --help"},
        {&bare, "bare -q", "bare does not know '-q': see virtainer bare --help"},
        {&bare, "bare a", "bare does not know 'a': see virtainer bare --help"},
        {&wrapper, "wrap --",
         "wrap needs more: virtainer wrap PROGRAM [ARGUMENT…]; see virtainer "
         "wrap --help"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        char buffer[256], *argv[MAX_ARGS + 1];
        int argc = split(rows[i].line, buffer, argv);
        struct vt_call call;

        assert_int_equal(vt_command_read(rows[i].command, argc, argv, &call, &err), -EINVAL);
        assert_string_equal(err.msg, rows[i].message);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
    }
}

static void help_is_told_of(void **state)
{
    static const char *const lines[] = {"move --help", "move a -h", "move a b c --help",
                                        "move --way up --help"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(lines); i++) {
        char buffer[256], *argv[MAX_ARGS + 1];
        int argc = split(lines[i], buffer, argv);
        struct vt_call call;

        assert_int_equal(vt_command_read(&move, argc, argv, &call, NULL), 1);
    }
}

static void usage_has_every_flag(void **state)
{
    VT_AUTO_FREE char *text = vt_command_usage(&move);
    VT_AUTO_FREE char *short_text = vt_command_usage(&bare);

    (void)state;
    assert_string_equal(text, "usage: virtainer move [FLAG…] FROM [TO]\n\nMove it.\n\n"
                              "  --quiet                say nothing\n"
                              "  --way WAY              where to\n"
                              "  --count COUNT          how often\n");
    assert_string_equal(short_text, "usage: virtainer bare\n\nBe.\n");
}

/* What the table promises about each: found by its name, help that fits a terminal. */
static void every_command_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; vt_commands[i]; i++) {
        const struct vt_command *command = vt_commands[i];

        assert_ptr_equal(vt_command_find(command->name), command);
        assert_non_null(command->summary);
        assert_true(!command->run != !command->run_raw);
        if (command->run_raw)
            continue;
        assert_true(!command->arguments == (command->max_args == 0));
        for (const char *line = command->details; line; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strcspn(line, "\n") > 82)
                fail_msg("%s: a line of the help is too long: %.90s", command->name, line);
        }
    }
    assert_null(vt_command_find("nothing"));
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(vt_flag_number(NULL, 7), 7);
    assert_int_equal(vt_flag_number("12", 7), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_read_wherever_they_stand),
        cmocka_unit_test(a_wrong_line_is_an_error_that_says_what_is_allowed),
        cmocka_unit_test(help_is_told_of),
        cmocka_unit_test(usage_has_every_flag),
        cmocka_unit_test(every_command_is_whole),
        cmocka_unit_test(numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
