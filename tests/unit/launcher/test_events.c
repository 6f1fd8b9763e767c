/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/events.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../tempdir.h"

static void texts(void **state)
{
    static const struct {
        const char *line;
        const char *text; /* NULL: it is no event */
    } cases[] = {
        {"{\"time\":\"2026-11-22T07:35:10.123Z\",\"level\":\"warning\",\"event\":\"log\","
         "\"message\":\"free some space\"}",
         "2026-11-22 07:35:10.123 warning free some space"},
        {"{\"time\":\"2026-11-22T07:35:10.123Z\",\"level\":\"info\",\"event\":\"log\","
         "\"message\":\"one\\ntwo\\n\\nfour\\n\"}",
         "2026-11-22 07:35:10.123 info    one\n    two\n    \n    four"},
        {"{\"time\":\"2026-11-22T23:59:59.999Z\",\"level\":\"info\",\"event\":\"state\","
         "\"state\":\"running\"}",
         "2026-11-22 23:59:59.999 state   running"},
        {"{\"time\":\"2026-11-22T23:59:59.999Z\",\"level\":\"info\",\"event\":\"ready\","
         "\"milestone\":\"ssh\"}",
         "2026-11-22 23:59:59.999 ready   ssh"},
        {"{\"time\":\"2026-11-22T23:59:59.999Z\",\"level\":\"info\",\"event\":\"ready\","
         "\"cloud_init\":\"degraded\"}",
         "2026-11-22 23:59:59.999 ready   cloud-init degraded"},
        /* from a later version */
        {"{\"time\":\"yesterday\",\"event\":\"gone\"}", "yesterday gone    "},
        {"{\"time\":1,\"event\":\"log\"}", NULL},
        {"{\"time\":\"2026-11-22T07:35:10.123Z\"", NULL},
        {"", NULL},
        {"null", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *text = vt_event_text(cases[i].line, strlen(cases[i].line), true);

        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
        else
            assert_null(text);
    }
}

static void local_time(void **state)
{
    static const char line[] =
        "{\"time\":\"2026-11-22T23:35:10.123Z\",\"event\":\"x\",\"x\":\"y\"}";
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(setenv("TZ", "XXX-3", 1), 0);
    tzset();
    text = vt_event_text(line, strlen(line), false);
    assert_string_equal(text, "2026-11-23 02:35:10.123 x       y");
}

/* What was reported since the call before, with "|" behind each line. */
static char reported[4096];

static void on_line(const char *line, size_t len, void *data)
{
    size_t at = strlen(reported);

    assert_ptr_equal(data, reported);
    (void)snprintf(reported + at, sizeof(reported) - at, "%.*s|", (int)len, line);
}

static void assert_reported(const char *expected)
{
    assert_string_equal(reported, expected);
    reported[0] = '\0';
}

static void add(const char *name, const char *text)
{
    FILE *file = fopen(in_dir(name), "ae");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct vt_events *open_events(void)
{
    struct vt_events *events = NULL;

    assert_int_equal(vt_events_open(&events, in_dir("log"), in_dir("old"), NULL), 0);
    return events;
}

static void the_last_lines(void **state)
{
    static const struct {
        size_t count;
        const char *expected;
    } cases[] = {{0, ""}, {1, "d|"}, {2, "c|d|"}, {3, "b|c|d|"}, {4, "a|b|c|d|"}, {99, "a|b|c|d|"}};

    (void)state;
    put_text(in_dir("old"), "a\nb\n");
    put_text(in_dir("log"), "c\nd\n");
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_events *events = open_events();

        vt_events_tail(events, cases[i].count, on_line, reported);
        assert_reported(cases[i].expected);
        vt_events_close(events);
    }
    assert_int_equal(remove(in_dir("old")), 0);
    {
        struct vt_events *events = open_events();

        vt_events_tail(events, 3, on_line, reported);
        assert_reported("c|d|");
        vt_events_close(events);
    }
}

static bool has_more(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 1000) > 0;
}

static void what_is_added(void **state)
{
    struct vt_events *events;
    int fd;

    (void)state;
    put_text(in_dir("log"), "a\nb\n");
    events = open_events();
    fd = vt_events_fd(events);
    assert_true(fd >= 0);
    vt_events_tail(events, 1, on_line, reported);
    assert_reported("b|");
    add("log", "c\nd");
    assert_true(has_more(fd));
    vt_events_more(events, on_line, reported);
    assert_reported("c|");
    add("log", "D\n");
    vt_events_more(events, on_line, reported);
    assert_reported("dD|");
    /* it is begun anew */
    add("log", "e\n");
    assert_int_equal(rename(in_dir("log"), in_dir("old")), 0);
    vt_events_more(events, on_line, reported);
    assert_reported("e|");
    add("log", "f\n");
    assert_true(has_more(fd));
    vt_events_more(events, on_line, reported);
    assert_reported("f|");
    vt_events_more(events, on_line, reported);
    assert_reported("");
    vt_events_close(events);
}

static void begun_anew_after_it_was_opened(void **state)
{
    struct vt_events *events;

    (void)state;
    put_text(in_dir("log"), "a\n");
    events = open_events();
    assert_int_equal(rename(in_dir("log"), in_dir("old")), 0);
    put_text(in_dir("log"), "b\n");
    vt_events_tail(events, 10, on_line, reported);
    assert_reported("a|b|");
    vt_events_close(events);
}

static void none(void **state)
{
    struct vt_events *events;
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_events_open(&events, in_dir("log"), in_dir("old"), &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts), cmocka_unit_test(local_time),           IN_DIR(the_last_lines),
        IN_DIR(what_is_added),   IN_DIR(begun_anew_after_it_was_opened), IN_DIR(none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
