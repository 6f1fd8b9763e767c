/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/options.h"

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not in it: %s", part);
}

static void help_has_every_option(void **state)
{
    VT_AUTO_FREE char *help = vt_config_help();

    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        VT_AUTO_FREE char *flag = vt_option_flag(option);
        VT_AUTO_FREE char *left = vt_fmt("\n  %s %s ", flag, option->metavar);
        VT_AUTO_FREE char *fallback =
            vt_fmt("%s [%s]\n", option->help, option->fallback ? option->fallback : "");
        VT_AUTO_FREE char *plain = vt_fmt("%s\n", option->help);

        assert_holds(help, left + (i == 0));
        assert_holds(help, option->fallback ? fallback : plain);
    }
}

static void markdown_has_every_option(void **state)
{
    VT_AUTO_FREE char *table = vt_config_markdown();
    size_t lines = 0;

    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        const struct vt_option *option = &vt_options[i];
        VT_AUTO_FREE char *flag = vt_option_flag(option);
        VT_AUTO_FREE char *left =
            vt_fmt("\n| `%s` | `%s %s` | ", option->env, flag, option->metavar);
        VT_AUTO_FREE char *fallback =
            vt_fmt("| `%s` | %s |\n", option->fallback ? option->fallback : "", option->help);
        VT_AUTO_FREE char *plain = vt_fmt("|  | %s |\n", option->help);

        assert_holds(table, left);
        assert_holds(table, option->fallback ? fallback : plain);
    }
    /* as a table: a head, a line below it, and one row each of four cells */
    for (const char *line = table; *line; line += strcspn(line, "\n") + 1) {
        size_t bars = 0;

        for (const char *c = line; *c != '\n'; c++)
            bars += *c == '|';
        assert_int_equal(bars, 5);
        lines++;
    }
    assert_int_equal(lines, vt_option_count + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_has_every_option),
        cmocka_unit_test(markdown_has_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
