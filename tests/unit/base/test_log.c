/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
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

/* @text without its times, which must look like times. */
static const char *without_times(char *text)
{
    static const char shape[] = "{\"time\":\"2000-00-00T00:00:00.000Z\"";

    for (char *at = text; (at = strstr(at, "{\"time\"")); at++) {
        for (size_t i = 0; i < sizeof(shape) - 1; i++) {
            if (shape[i] == '0' ? at[i] < '0' || at[i] > '9' : shape[i] != at[i])
                fail_msg("no time: %.40s", at);
        }
        memmove(at + 1, at + sizeof(shape), strlen(at + sizeof(shape)) + 1);
    }
    return text;
}

static void objects(void **state)
{
    (void)state;
    (void)logged();
    vt_log_set_format(VT_LOG_JSON);
    vt_log_set_raw_terminal(true);
    vt_warning("two \"lines\"\nof gr\xfcn");
    vt_debug("no");
    vt_log_event("state", "state", "running");
    vt_log_set_raw_terminal(false);
    vt_log_set_format(VT_LOG_TEXT);
    assert_string_equal(
        without_times((char *)logged()),
        "{\"level\":\"warning\",\"event\":\"log\",\"message\":\"two \\\"lines\\\"\\nof "
        "gr\xef\xbf\xbdn\"}\n"
        "{\"level\":\"info\",\"event\":\"state\",\"state\":\"running\"}\n");
    /* such an event is none for people */
    vt_log_event("state", "state", "running");
    assert_string_equal(logged(), "");
}

static char *content_of(const char *name)
{
    static char text[65536];
    int fd = open(in_dir(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n < 0)
        return NULL;
    (void)close(fd);
    text[n] = '\0';
    return text;
}

/* Whatever the person sees, what matters is kept, and what an earlier run kept stays. */
static void the_copy(void **state)
{
    (void)state;
    (void)logged();
    put_text(in_dir("log"), "earlier\n");
    assert_int_equal(vt_log_keep(in_dir("log"), in_dir("log.1"), 1000), 0);
    vt_log_set_level(VT_LOG_ERROR);
    vt_info("one");
    vt_debug("no");
    vt_log_event("state", "state", "off");
    vt_log_set_level(VT_LOG_INFO);
    assert_string_equal(logged(), "");
    assert_string_equal(without_times(content_of("log")),
                        "earlier\n"
                        "{\"level\":\"info\",\"event\":\"log\",\"message\":\"one\"}\n"
                        "{\"level\":\"info\",\"event\":\"state\",\"state\":\"off\"}\n");
}

/* Two files of about the size that is allowed, with whole lines, the last ones. */
static void the_copy_is_bounded(void **state)
{
    const char *text;

    (void)state;
    assert_int_equal(vt_log_keep(in_dir("log"), in_dir("log.1"), 1000), 0);
    for (int i = 0; i < 100; i++)
        vt_info("message %d", i);
    (void)logged();
    assert_int_equal(count_entries(test_dir), 2);
    text = content_of("log.1");
    assert_in_range(strlen(text), 1000, 1100);
    assert_int_equal(text[0], '{');
    text = content_of("log");
    assert_in_range(strlen(text), 1, 1000);
    assert_non_null(strstr(text, "message 99\"}\n"));
    assert_int_equal(vt_log_keep(in_dir("none/log"), in_dir("log.1"), 1000), -ENOENT);
    vt_warning("without a copy"); /* does no harm */
    (void)logged();
}

/* Nobody reads standard error: nothing waits, and what is lost is told. */
static void a_blocked_reader(void **state)
{
    static char text[1 << 20];
    unsigned long dropped;
    unsigned came = 0;
    int fds[2];
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    vt_log_set_fd(fds[1]);
    for (int i = 0; i < 5000; i++)
        vt_info("message %d, which is not a short one", i);
    n = read(fds[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    vt_info("at last");
    n += read(fds[0], text + n, sizeof(text) - 1 - (size_t)n);
    text[n] = '\0';
    for (const char *at = text; (at = strstr(at, "not a short one\n")); at++)
        came++;
    assert_non_null(strstr(text, "standard error was blocked: "));
    dropped = strtoul(strstr(text, "blocked: ") + 9, NULL, 10);
    assert_in_range(came + dropped, 4999, 5000); /* one may be torn */
    assert_non_null(strstr(text, "\nvirtainer: at last\n"));
    vt_log_set_fd(STDERR_FILENO);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_our_name),
        cmocka_unit_test(what_is_above_the_level_is_dropped),
        cmocka_unit_test(a_raw_terminal_gets_carriage_returns),
        cmocka_unit_test(a_huge_message_is_cut),
        cmocka_unit_test(objects),
        IN_DIR(the_copy),
        IN_DIR(the_copy_is_bounded),
        cmocka_unit_test(a_blocked_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
