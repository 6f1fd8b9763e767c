/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "host/loop.h"
#include "host/spawn.h"

#define JOBS 100
#define RUNS 50

static struct vt_worker *worker;

static int start(void **state)
{
    (void)state;
    return vt_loop_init(NULL) < 0 || vt_worker_new(&worker, NULL) < 0 ? -1 : 0;
}

struct job {
    int number;
    pthread_t worked_on;
};

static int worked[JOBS], done[JOBS];
static size_t worked_count, done_count;

static void work(void *data)
{
    struct job *job = data;

    job->worked_on = pthread_self();
    worked[worked_count++] = job->number;
}

static void is_done(void *data)
{
    const struct job *job = data;

    assert_false(pthread_equal(job->worked_on, pthread_self()));
    done[done_count++] = job->number;
    if (done_count == JOBS)
        vt_loop_quit();
}

static void jobs_keep_their_order(void **state)
{
    struct job jobs[JOBS];

    (void)state;
    for (int i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        vt_worker_submit(worker, work, is_done, &jobs[i]);
    }
    assert_int_equal(vt_loop_run(NULL), 0);
    assert_int_equal(done_count, JOBS);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(worked[i], i);
        assert_int_equal(done[i], i);
    }
}

static void no_one_waits_for_it(void **state)
{
    struct job first = {.number = 1}, last = {.number = 2};

    (void)state;
    worked_count = 0;
    done_count = JOBS - 1;
    vt_worker_submit(worker, work, NULL, &first);
    vt_worker_submit(worker, work, is_done, &last);
    assert_int_equal(vt_loop_run(NULL), 0);
    assert_int_equal(worked_count, 2);
    assert_int_equal(done_count, JOBS);
}

static void read_a_byte(void *data)
{
    const int *fds = data;
    char byte;

    (void)!read(fds[0], &byte, 1);
    (void)!write(fds[1], &byte, 1);
}

/* The work needs no loop, and comes after what was queued before. */
static void call_waits_for_the_work(void **state)
{
    struct job before = {.number = 1}, called = {.number = 2};

    (void)state;
    worked_count = 0;
    vt_worker_submit(worker, work, NULL, &before);
    assert_int_equal(vt_worker_call(worker, work, &called, NULL), 0);
    assert_int_equal(worked_count, 2);
    assert_int_equal(worked[1], 2);
    assert_false(pthread_equal(called.worked_on, pthread_self()));
}

static void wait_until_gone(void *data)
{
    const pid_t *pid = data;

    while (kill(*pid, 0) == 0)
        (void)poll(NULL, 0, 5);
}

/* As libvirtd does, which kills a QEMU that has become ours and waits until it is gone. */
static void children_are_reaped_meanwhile(void **state)
{
    const struct vt_spawn spawn = {.argv = (const char *const[]){"sleep", "0.05", NULL}};
    pid_t pid = vt_spawn(&spawn, NULL);

    (void)state;
    assert_true(pid > 0);
    assert_int_equal(vt_worker_call(worker, wait_until_gone, &pid, NULL), 0);
}

struct patience {
    pid_t pid;
    int asked;
    int time; /* ms, from that child's end on */
};

static int patience(void *data)
{
    struct patience *this = data;

    this->asked++;
    return kill(this->pid, 0) < 0 ? this->time : -1;
}

/* As with a libvirt that does not notice that its QEMU has ended. */
static void patience_may_end(void **state)
{
    const struct vt_spawn spawn = {.argv = (const char *const[]){"sleep", "0.05", NULL}};
    struct patience this = {.pid = vt_spawn(&spawn, NULL), .time = 20};
    const struct vt_worker_limits limits = {.patience = patience, .data = &this};
    int go[2], answer[2];
    char byte = 0;

    (void)state;
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
    {
        int fds[] = {go[0], answer[1]};

        assert_int_equal(vt_worker_call(worker, read_a_byte, fds, &limits), -ETIMEDOUT);
        assert_true(this.asked > 0);
        assert_int_equal(write(go[1], "y", 1), 1);
        assert_int_equal(read(answer[0], &byte, 1), 1);
    }
    for (int i = 0; i < 2; i++) {
        (void)close(go[i]);
        (void)close(answer[i]);
    }
}

/* What the end of children looks like that never stop ending; @data counts them. */
static void *end_children(void *data)
{
    atomic_int *left = data;

    while (atomic_fetch_sub(left, 1) > 0) {
        (void)kill(getpid(), SIGCHLD);
        (void)poll(NULL, 0, 5);
    }
    return NULL;
}

/* The end of one child begins it; those of others do not begin it anew. */
static void patience_is_given_once(void **state)
{
    struct patience this = {.pid = INT_MAX, .time = 300};
    const struct vt_worker_limits limits = {.patience = patience, .data = &this};
    atomic_int left = 1000;
    pthread_t thread;
    int go[2], answer[2];

    (void)state;
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, end_children, &left), 0);
    {
        int fds[] = {go[0], answer[1]};

        assert_int_equal(vt_worker_call(worker, read_a_byte, fds, &limits), -ETIMEDOUT);
        assert_true(atomic_exchange(&left, 0) > 0);
        assert_int_equal(write(go[1], "y", 1), 1);
        assert_int_equal(read(answer[0], fds, 1), 1);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (int i = 0; i < 2; i++) {
        (void)close(go[i]);
        (void)close(answer[i]);
    }
}

static void call_is_aborted(void **state)
{
    int never[2], aborts[2], go[2], answer[2];
    char byte = 0;

    (void)state;
    assert_int_equal(pipe2(never, O_CLOEXEC), 0);
    assert_int_equal(pipe2(aborts, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
    {
        int fds[] = {go[0], answer[1]};
        const int abort_fds[] = {never[0], aborts[0]};
        const struct vt_worker_limits both = {abort_fds, 2, NULL, NULL};
        const struct vt_worker_limits one = {abort_fds, 1, NULL, NULL};

        assert_int_equal(write(aborts[1], "x", 1), 1);
        assert_int_equal(vt_worker_call(worker, read_a_byte, fds, &both), 2);
        /* the work still runs, and ends when it can */
        assert_int_equal(write(go[1], "y", 1), 1);
        assert_int_equal(read(answer[0], &byte, 1), 1);
        assert_int_equal(byte, 'y');
        /* work that is done wins over a reason to stop that comes later */
        assert_int_equal(write(go[1], "z", 1), 1);
        assert_int_equal(vt_worker_call(worker, read_a_byte, fds, &one), 0);
    }
    for (int i = 0; i < 2; i++) {
        (void)close(never[i]);
        (void)close(aborts[i]);
        (void)close(go[i]);
        (void)close(answer[i]);
    }
}

/* What ended so is said by the loop or by the kernel, whoever is the first to ask. */
static void run_many(void *data)
{
    static const char *const script[] = {"sh", "-c", "exit 7", NULL};
    int *right = data;

    for (int i = 0; i < RUNS; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        *right += vt_run(script, NULL, NULL, -1, 10000, &err) == 7 && !err.msg;
    }
}

static void quit(void *data)
{
    (void)data;
    vt_loop_quit();
}

static void the_loop_takes_no_child_from_a_run(void **state)
{
    int right = 0;

    (void)state;
    vt_worker_submit(worker, run_many, quit, &right);
    assert_int_equal(vt_loop_run(NULL), 0);
    assert_int_equal(right, RUNS);
    right = 0;
    assert_int_equal(vt_worker_call(worker, run_many, &right, NULL), 0);
    assert_int_equal(right, RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_keep_their_order),
        cmocka_unit_test(no_one_waits_for_it),
        cmocka_unit_test(call_waits_for_the_work),
        cmocka_unit_test(children_are_reaped_meanwhile),
        cmocka_unit_test(patience_may_end),
        cmocka_unit_test(patience_is_given_once),
        cmocka_unit_test(call_is_aborted),
        cmocka_unit_test(the_loop_takes_no_child_from_a_run),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
