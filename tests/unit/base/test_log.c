/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* What has been logged since the call before; standard error is a pipe meanwhile. */
static const char *logged(void)
{
    static int pipe_fds[2] = {-1, -1};
    static char text[131072];
    ssize_t n = 0;

    if (pipe_fds[0] < 0) {
        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
        assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
        (void)fcntl(pipe_fds[1], F_SETPIPE_SZ, (int)sizeof(text));
    } else {
        n = read(pipe_fds[0], text, sizeof(text) - 1);
    }
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void every_line_has_our_name(void **state)
{
    (void)state;
    (void)logged();
    vt_info("one");
    assert_string_equal(logged(), "virtainer: one\n");
    vt_warning("one\ntwo\n\nfour\n");
    assert_string_equal(logged(), "virtainer: warning: one\nvirtainer: warning: two\n"
                                  "virtainer: warning: \nvirtainer: warning: four\n");
    vt_error_log("%d%%", 5);
    assert_string_equal(logged(), "virtainer: error: 5%\n");
    vt_info("%s", "");
    assert_string_equal(logged(), "");
}

static void what_is_above_the_level_is_dropped(void **state)
{
    (void)state;
    (void)logged();
    vt_debug("no");
    assert_string_equal(logged(), "");
    vt_log_set_level(VT_LOG_DEBUG);
    vt_debug("yes");
    assert_string_equal(logged(), "virtainer: debug: yes\n");
    vt_log_set_level(VT_LOG_ERROR);
    vt_warning("no");
    vt_info("no");
    vt_error_log("yes");
    assert_string_equal(logged(), "virtainer: error: yes\n");
    vt_log_set_level(VT_LOG_INFO);
}

static void a_raw_terminal_gets_carriage_returns(void **state)
{
    (void)state;
    (void)logged();
    vt_log_set_raw_terminal(true);
    vt_info("a\nb");
    vt_log_set_raw_terminal(false);
    assert_string_equal(logged(), "virtainer: a\r\nvirtainer: b\r\n");
}

static void a_huge_message_is_cut(void **state)
{
    char *huge = vt_calloc(1, 100001);

    (void)state;
    (void)logged();
    (void)memset(huge, 'x', 100000);
    vt_info("%s", huge);
    free(huge);
    assert_in_range(strlen(logged()), 1, 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_our_name),
        cmocka_unit_test(what_is_above_the_level_is_dropped),
        cmocka_unit_test(a_raw_terminal_gets_carriage_returns),
        cmocka_unit_test(a_huge_message_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
