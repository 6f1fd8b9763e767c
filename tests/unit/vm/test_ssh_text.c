/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "host/spawn.h"
#include "vm/ssh.h"

static void words_stay_words(void **state)
{
    static const struct {
        const char *argv[5], *line;
    } rows[] = {
        {{"ls", "-l", "/etc/x_y.z:1,2=3+4@5%6"}, "ls -l /etc/x_y.z:1,2=3+4@5%6"},
        {{"echo", ""}, "echo ''"},
        {{"a b", "c'd", "\"e\""}, "'a b' 'c'\\''d' '\"e\"'"},
        {{"$HOME", "`id`", "a;b", "x\ny"}, "'$HOME' '`id`' 'a;b' 'x\ny'"},
        {{"~", "*", "\xc3\xa9"}, "'~' '*' '\xc3\xa9'"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *line = vt_shell_quote(rows[i].argv);

        assert_string_equal(line, rows[i].line);
    }
}

/* Read by somebody else: by a shell. */
static void a_shell_reads_them_so(void **state)
{
    static const char *const words[] = {"printf", "[%s]",   "a b", "c'd\"e", "$(id)", "",
                                        "\\",     "*\n\t!", "-n",  "''",     NULL};
    VT_AUTO_FREE char *line = vt_shell_quote(words);
    const char *const argv[] = {"sh", "-c", line, NULL};
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(4096);

    (void)state;
    assert_int_equal(vt_run(argv, &out, NULL, -1, 10000, NULL), 0);
    assert_string_equal(vt_buf_str(&out), "[a b][c'd\"e][$(id)][][\\][*\n\t!][-n]['']");
}

static void the_user_is_named(void **state)
{
    static const struct {
        const char *text, *user;
    } rows[] = {
        {"Please login as the user \"debian\" rather than the user \"root\".\n\n", "debian"},
        {"\r\nPlease login as the user \"cloud-user_2.x\" rather than the user \"root\".",
         "cloud-user_2.x"},
        {"Please login as the user \"NONE\"", "NONE"},
        {"root@192.168.100.100: Permission denied (publickey).", NULL},
        {"Please login as the user \"\" rather", NULL},
        {"Please login as the user \"-oProxyCommand=x\" rather", NULL},
        {"Please login as the user \"a b\" rather", NULL},
        {"Please login as the user \"a;b\" rather", NULL},
        {"Please login as the user \"debian", NULL},
        {"Please login as the user \"aaaaaaaaaabbbbbbbbbbccccccccccddd\"", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_FREE char *user = vt_ssh_user_in(rows[i].text);

        assert_string_equal(user ? user : "(none)", rows[i].user ? rows[i].user : "(none)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stay_words),
        cmocka_unit_test(a_shell_reads_them_so),
        cmocka_unit_test(the_user_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
