/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../run_for.h"
#include "../tempdir.h"
#include "base/log.h"
#include "host/files.h"
#include "host/loop.h"
#include "host/spawn.h"

static struct {
    const char *script; /* NULL: there is no such program */
    int starts, restarts;
} daemon_of_test;

static pid_t start(void *data, struct vt_error *err)
{
    const char *const argv[] = {"sh", "-c", daemon_of_test.script, NULL};
    const struct vt_spawn spawn = {.argv = argv};

    assert_ptr_equal(data, &daemon_of_test);
    daemon_of_test.starts++;
    if (!daemon_of_test.script)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOENT, "there is no such program");
    return vt_spawn(&spawn, err);
}

static void on_restart(void *data)
{
    assert_ptr_equal(data, &daemon_of_test);
    daemon_of_test.restarts++;
}

/* Supervise @script for @ms; what is said meanwhile goes to the file "log". */
static void supervise(struct vt_supervisor *supervisor, const char *script, int ms)
{
    VT_AUTO_CLOSE int log = open(in_dir("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    pid_t pid;

    daemon_of_test.script = script ? script : "exit 1";
    pid = start(&daemon_of_test, NULL);
    daemon_of_test.starts = daemon_of_test.restarts = 0;
    daemon_of_test.script = script;
    supervisor->name = "testd";
    supervisor->start = start;
    supervisor->on_restart = on_restart;
    supervisor->data = &daemon_of_test;
    vt_log_set_fd(log);
    vt_supervise(supervisor, pid);
    run_for(ms);
    vt_log_set_fd(STDERR_FILENO);
    vt_loop_remove_timer(supervisor->timer);
    vt_loop_forget_child(supervisor->pid);
}

static int lines_with(const char *text)
{
    VT_AUTO_FREE char *log = NULL;
    int count = 0;

    assert_int_equal(vt_file_read(in_dir("log"), 1 << 20, &log, NULL), 0);
    for (const char *at = log; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static void who_lives_is_left_alone(void **state)
{
    struct vt_supervisor supervisor = {.long_life = 20};

    (void)state;
    supervise(&supervisor, "exec sleep 30", 100);
    assert_int_equal(daemon_of_test.starts, 0);
    assert_int_equal(lines_with("testd"), 0);
    assert_int_equal(kill(supervisor.pid, SIGKILL), 0);
}

/* The waits are 5, 20, 80 and then 200 ms. */
static void who_ends_at_once_is_started_ever_more_rarely(void **state)
{
    struct vt_supervisor supervisor = {.first_delay = 5, .last_delay = 200};

    (void)state;
    supervise(&supervisor, "exit 3", 1000);
    assert_in_range(daemon_of_test.starts, 4, 8);
    assert_int_equal(daemon_of_test.restarts, daemon_of_test.starts);
    assert_int_equal(lines_with("testd ended (status 3); it is started again"), 4);
    assert_int_equal(lines_with("from now on is said once a minute"), 1);
}

static void who_cannot_be_started_is_tried_ever_more_rarely(void **state)
{
    struct vt_supervisor supervisor = {.first_delay = 5, .last_delay = 200};

    (void)state;
    supervise(&supervisor, NULL, 1000);
    assert_in_range(daemon_of_test.starts, 5, 8);
    assert_int_equal(daemon_of_test.restarts, 0);
    assert_int_equal(lines_with("there is no such program"), 4);
}

/* A life of 100 ms is long here: the wait stays the first, and does not grow to minutes. */
static void a_long_life_begins_anew(void **state)
{
    struct vt_supervisor supervisor = {.first_delay = 5, .last_delay = 100000, .long_life = 20};

    (void)state;
    supervise(&supervisor, "sleep 0.1; kill $$", 3000);
    assert_in_range(daemon_of_test.starts, 6, 30);
    assert_int_equal(lines_with("testd ended (signal 15)"), 4);
}

static int init(void **state)
{
    (void)state;
    return vt_loop_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(who_lives_is_left_alone),
        IN_DIR(who_ends_at_once_is_started_ever_more_rarely),
        IN_DIR(who_cannot_be_started_is_tried_ever_more_rarely),
        IN_DIR(a_long_life_begins_anew),
    };

    return cmocka_run_group_tests(tests, init, NULL);
}
