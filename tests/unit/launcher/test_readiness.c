/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With a loop whose time passes as the test wants, and a worker, an agent, a guest and a phone that
 * do what it says.
 */
#include "launcher/readiness.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"
#include "../tempdir.h"
#include "base/str.h"
#include "host/loop.h"
#include "host/worker.h"
#include "launcher/cloud_ask.h"
#include "launcher/probe.h"
#include "launcher/ssh_files.h"
#include "net/neighbour.h"

/* ---- the loop ---- */

static struct {
    int ms; /* -1: it sleeps */
    int64_t due;
    vt_timer_callback callback;
    void *data;
} timers[64];
static int timer_count;
static int64_t now;

int vt_loop_add_timer(int ms, vt_timer_callback callback, void *data)
{
    assert_true(timer_count < (int)VT_ARRAY_SIZE(timers));
    timers[timer_count].callback = callback;
    timers[timer_count].data = data;
    vt_loop_update_timer(timer_count, ms);
    return timer_count++;
}

void vt_loop_update_timer(int timer, int ms)
{
    timers[timer].ms = ms;
    timers[timer].due = now + ms;
}

int vt_loop_add_fd(int fd, unsigned events, vt_fd_callback callback, void *data)
{
    (void)fd;
    (void)events;
    (void)callback;
    (void)data;
    return 0;
}

void vt_loop_update_fd(int watch, unsigned events)
{
    (void)watch;
    (void)events;
}

void vt_loop_remove_fd(int watch)
{
    (void)watch;
}

/* The timer that is due next, by @end at the latest, or -1. */
static int next_timer(int64_t end)
{
    int next = -1;

    for (int i = 0; i < timer_count; i++) {
        if (timers[i].ms >= 0 && timers[i].due <= end &&
            (next < 0 || timers[i].due < timers[next].due))
            next = i;
    }
    return next;
}

static void let_pass(int64_t ms)
{
    int64_t end = now + ms;
    int timer;

    while ((timer = next_timer(end)) >= 0) {
        now = timers[timer].due;
        timers[timer].due += timers[timer].ms;
        timers[timer].callback(timer, timers[timer].data);
    }
    now = end;
}

/* ---- the agent, asked by the worker ---- */

static struct {
    bool is_there;
    int result;
    const char *text;
    bool ended;
    unsigned asked;
} agent;

static vt_work_done answered;
static void *answer;

bool vt_vm_has_agent(const struct vt_vm *vm)
{
    (void)vm;
    return agent.is_there;
}

int vt_cloud_ask(const char *name, char **ret_text, bool *ret_ended, struct vt_error *err)
{
    assert_string_equal(name, "vm");
    agent.asked++;
    *ret_text = agent.result < 0 ? NULL : vt_strdup(agent.text);
    *ret_ended = agent.ended;
    return agent.result < 0
               ? vt_error_set(err, VT_CAUSE_INTERNAL, agent.result, "the agent does not answer")
               : 0;
}

int vt_worker_new(struct vt_worker **ret, struct vt_error *err)
{
    static char worker;

    (void)err;
    *ret = (struct vt_worker *)(void *)&worker;
    return 0;
}

/* The answer is there at once, but the loop hears of it when hear() is called. */
void vt_worker_submit(struct vt_worker *worker, vt_work work, vt_work_done done, void *data)
{
    (void)worker;
    assert_null(answered);
    work(data);
    answered = done;
    answer = data;
}

static void hear(void)
{
    vt_work_done done = answered;

    assert_non_null(done);
    answered = NULL;
    done(answer);
}

/* ---- the guest: nobody is at home; and the phone ---- */

int vt_neighbour_watch(struct vt_error *err)
{
    (void)err;
    return -EPERM;
}

bool vt_neighbour_news(int fd, uint32_t address)
{
    (void)fd;
    (void)address;
    return false;
}

static unsigned knocks;

enum vt_probe_result vt_probe_start(struct vt_probe *probe, const char *address, unsigned port)
{
    knocks++;
    (void)probe;
    (void)address;
    (void)port;
    return VT_PROBE_SILENT;
}

enum vt_probe_result vt_probe_step(struct vt_probe *probe)
{
    (void)probe;
    return VT_PROBE_SILENT;
}

enum vt_probe_result vt_probe_stop(struct vt_probe *probe)
{
    (void)probe;
    return VT_PROBE_SILENT;
}

bool vt_probe_is_neighbour(const char *arp, const char *address)
{
    (void)arp;
    (void)address;
    return false;
}

static vt_phone_home_callback on_call;
static void *on_call_data;

void vt_phone_home_on_call(struct vt_phone_home *phone, vt_phone_home_callback callback, void *data)
{
    (void)phone;
    on_call = callback;
    on_call_data = data;
}

static unsigned keys_kept;

int vt_ssh_keep_hosts(const struct vt_data_dir *dir, const struct vt_host_keys *keys,
                      const char *address, const char *instance_id, bool *ret_changed,
                      struct vt_error *err)
{
    (void)dir;
    (void)keys;
    (void)err;
    assert_string_equal(address, "192.168.100.100");
    assert_string_equal(instance_id, "one");
    *ret_changed = false;
    keys_kept++;
    return 0;
}

/* ---- one virtainer ---- */

static char name[] = "vm", address[] = "192.168.100.100", nat[] = "nat", none[] = "none",
            instance[] = "one", phone[] = "it";
static struct vt_status status;
static struct vt_prepared prepared;
static struct vt_readiness *readiness;
/* They live as long as the process, so something must hold them. */
static struct vt_readiness *made[16];
static size_t made_count;
/* What a reader of state.json saw last. */
static enum vt_cloud_init shown;

static void on_change(void *data)
{
    assert_ptr_equal(data, &status);
    shown = status.ready.cloud_init;
}

static int set_up(void **state)
{
    int r = make_test_dir(state);

    status = (struct vt_status){
        .phase = VT_PHASE_RUNNING, .name = name, .network = nat, .guest_address = address};
    prepared = (struct vt_prepared){
        .data = {.path = test_dir, .state = test_dir},
        .seed = {.instance_id = instance},
        .phone_home = (struct vt_phone_home *)(void *)phone,
    };
    timer_count = 0;
    memset(&agent, 0, sizeof(agent));
    answered = NULL;
    keys_kept = 0;
    shown = VT_CLOUD_INIT_UNSEEN;
    assert_true(made_count < VT_ARRAY_SIZE(made));
    readiness = vt_readiness_new(&status, &prepared, NULL, on_change, &status);
    made[made_count++] = readiness;
    return r;
}

static int tear_down(void **state)
{
    vt_ready_done(&status.ready);
    return remove_test_dir(state);
}

static void console(const char *text)
{
    vt_readiness_console(text, strlen(text), readiness);
}

#define BEGUN    "Cloud-init v. 25.1.4 running 'init-local' at Sun\n"
#define FINISHED "Cloud-init v. 25.1.4 finished at Sun\n"

/* ---- a resumed guest ---- */

static void what_was_known_before_a_save_is_shown_with_the_first_milestone(void **state)
{
    (void)state;
    status.network = none;
    status.guest_address = NULL;
    put_text(in_dir("ready"), "{\"cloud_init\":{\"state\":\"error\",\"at\":5,\"detail\":\"x\"}}");
    vt_readiness_begin(readiness, true);
    assert_int_equal(shown, VT_CLOUD_INIT_ERROR);
    assert_string_equal(status.ready.detail, "x");
}

/* No news of neighbours tells when a guest behind passt is there. */
static void a_guest_behind_passt_is_tried_from_the_beginning(void **state)
{
    (void)state;
    timer_count = 0;
    prepared.net.user = true;
    readiness = vt_readiness_new(&status, &prepared, NULL, on_change, &status);
    made[made_count++] = readiness;
    knocks = 0;
    let_pass(10000);
    assert_int_equal(knocks, 0);
    vt_readiness_begin(readiness, false);
    let_pass(10000);
    assert_in_range(knocks, 4, 10);
}

static void a_guest_that_boots_has_said_nothing_before(void **state)
{
    (void)state;
    put_text(in_dir("ready"), "{\"cloud_init\":{\"state\":\"error\",\"at\":5,\"detail\":\"x\"}}");
    vt_readiness_begin(readiness, false);
    assert_int_equal(shown, VT_CLOUD_INIT_UNSEEN);
    assert_int_equal(access(in_dir("ready"), F_OK), -1);
}

/* The data directory may come from anybody. */
static void what_is_no_line_for_a_person_is_dropped_from_the_record(void **state)
{
    static const struct {
        const char *detail; /* as JSON writes it */
        size_t repeated;
        bool kept;
    } rows[] = {
        {"cloud-init failed: \\u00e4", 1, true},
        {"x", 1024, true},
        {"x", 1025, false},
        {"x", 60000, false},
        {"a\\u001b[2J", 1, false},
        {"a\\nvirtainer: b", 1, false},
        {"a\xff", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(65536);

        vt_buf_adds(&text, "{\"cloud_init\":{\"state\":\"error\",\"at\":5,\"detail\":\"");
        for (size_t n = 0; n < rows[i].repeated; n++)
            vt_buf_adds(&text, rows[i].detail);
        vt_buf_adds(&text, "\"}}");
        put_text(in_dir("ready"), vt_buf_str(&text));
        vt_readiness_begin(readiness, true);
        assert_int_equal(shown, VT_CLOUD_INIT_ERROR);
        if ((status.ready.detail != NULL) != rows[i].kept)
            fail_msg("row %zu", i);
        vt_ready_done(&status.ready);
    }
}

/* ---- the end ---- */

static void the_console_tells_the_end(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    console(BEGUN);
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
    console(FINISHED);
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
    assert_int_equal(access(in_dir("ready"), F_OK), 0);
}

#define FAILED_STATUS "{\"v1\":{\"init\":{\"errors\":[\"bad\"]}}}"

static void the_agent_decides_when_it_is_final(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    agent.is_there = true;
    agent.text = FAILED_STATUS;
    console(BEGUN FINISHED);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
    agent.ended = true;
    let_pass(500);
    hear();
    assert_int_equal(agent.asked, 2);
    assert_int_equal(shown, VT_CLOUD_INIT_ERROR);
    let_pass(100000);
    assert_int_equal(agent.asked, 2);
}

/* ---- another boot ---- */

/* The agent answers when the guest has already been reset. */
static void an_answer_of_the_boot_before_is_dropped(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    agent.is_there = true;
    agent.text = FAILED_STATUS;
    agent.ended = true;
    vt_readiness_agent(readiness);
    let_pass(3000);
    vt_readiness_reboot(readiness);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_UNSEEN);
    let_pass(10000);
    assert_int_equal(agent.asked, 1);
    /* The new boot's agent is asked, also when it came before that answer. */
    vt_readiness_agent(readiness);
    let_pass(3000);
    vt_readiness_reboot(readiness);
    vt_readiness_agent(readiness);
    let_pass(3000);
    agent.text = "{\"v1\":{}}";
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_UNSEEN);
    let_pass(0);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
}

static void so_is_one_that_no_reset_parts_from_this_boot(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    agent.is_there = true;
    agent.text = FAILED_STATUS;
    agent.ended = true;
    console(BEGUN FINISHED);
    console(BEGUN);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
}

/* ---- the agent on a mute console ---- */

static void an_agent_that_fails_is_asked_again(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    agent.is_there = true;
    vt_readiness_agent(readiness);
    agent.result = -EIO;
    for (unsigned i = 1; i <= 3; i++) {
        let_pass(3000);
        hear();
        assert_int_equal(agent.asked, i);
        assert_int_equal(shown, VT_CLOUD_INIT_UNSEEN);
    }
    agent.result = 0;
    agent.text = "{\"v1\":{}}";
    let_pass(3000);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
    /* Also once it has told something. */
    agent.result = -EIO;
    let_pass(3000);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
    agent.result = 0;
    agent.ended = true;
    let_pass(3000);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
}

static void an_agent_that_fails_at_the_end_is_not_waited_for(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    agent.is_there = true;
    agent.result = -EIO;
    console(BEGUN FINISHED);
    hear();
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
}

/* ---- phone_home ---- */

static void call(const char *key)
{
    struct vt_phone_call made_call = {.instance_id = instance, .hostname = name};

    assert_true(vt_host_keys_add(&made_call.keys, key, strlen(key)));
    on_call(&made_call, on_call_data);
    vt_host_keys_done(&made_call.keys);
}

/* Whoever in the guest calls again and again brings no more keys, and does not put off the end. */
static void one_call_a_boot_counts(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    call(ED25519);
    assert_int_equal(keys_kept, 1);
    assert_int_equal(shown, VT_CLOUD_INIT_PENDING);
    for (int i = 0; i < 5; i++) {
        let_pass(300);
        call(i % 2 ? ED25519 : ECDSA);
    }
    assert_int_equal(keys_kept, 1);
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
    vt_readiness_reboot(readiness);
    call(ECDSA);
    assert_int_equal(keys_kept, 2);
}

static void none_counts_after_the_end(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    console(BEGUN FINISHED);
    call(ED25519);
    assert_int_equal(keys_kept, 0);
    /* Another kernel, without a reset. */
    console(BEGUN);
    call(ED25519);
    assert_int_equal(keys_kept, 1);
}

/* Anybody in the guest can write on its console, too. */
static void few_boots_a_minute_are_believed_to_the_console(void **state)
{
    (void)state;
    vt_readiness_begin(readiness, false);
    for (int i = 0; i < 100; i++) {
        console(BEGUN);
        call(i % 2 ? ED25519 : ECDSA);
        console(FINISHED);
    }
    assert_in_range(keys_kept, 2, 6);
    assert_int_equal(shown, VT_CLOUD_INIT_DONE);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_known_before_a_save_is_shown_with_the_first_milestone),
        TEST(what_is_no_line_for_a_person_is_dropped_from_the_record),
        TEST(a_guest_behind_passt_is_tried_from_the_beginning),
        TEST(a_guest_that_boots_has_said_nothing_before),
        TEST(the_console_tells_the_end),
        TEST(the_agent_decides_when_it_is_final),
        TEST(an_answer_of_the_boot_before_is_dropped),
        TEST(so_is_one_that_no_reset_parts_from_this_boot),
        TEST(an_agent_that_fails_is_asked_again),
        TEST(an_agent_that_fails_at_the_end_is_not_waited_for),
        TEST(one_call_a_boot_counts),
        TEST(none_counts_after_the_end),
        TEST(few_boots_a_minute_are_believed_to_the_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
