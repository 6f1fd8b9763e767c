/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "launcher/probe.h"

static char name[] = "vm", none[] = "none", nat[] = "nat", address[] = "192.168.100.100",
            words[] = "cloud-init 25.1.4 failed: x";

enum { RUN = 1, NET = 2, SSH = 4, NO_CARD = 8, NO_ADDRESS = 16, PENDING = 32 };

static const struct {
    const char *what;
    enum vt_phase phase;
    unsigned seen;
    enum vt_cloud_init cloud_init;
    /* for running, network, ssh, cloud-init, ready */
    enum vt_wait_verdict verdicts[VT_MILESTONE_MAX_];
    const char *words;
} cases[] = {
#define ON  VT_WAIT_ON
#define OK  VT_WAIT_REACHED
#define END VT_WAIT_ENDED
#define NO  VT_WAIT_IMPOSSIBLE
    {"preparing",
     VT_PHASE_PREPARING,
     0,
     VT_CLOUD_INIT_UNSEEN,
     {ON, ON, ON, ON, ON},
     "the guest is preparing"},
    {"resuming", VT_PHASE_RESUMING, 0, VT_CLOUD_INIT_UNSEEN, {ON, ON, ON, ON, ON}, NULL},
    {"running",
     VT_PHASE_RUNNING,
     RUN,
     VT_CLOUD_INIT_UNSEEN,
     {OK, ON, ON, ON, ON},
     "the guest is running, its network does not answer, and no sign of cloud-init was seen"},
    {"paused", VT_PHASE_PAUSED, RUN, VT_CLOUD_INIT_UNSEEN, {ON, ON, ON, ON, ON}, NULL},
    {"network",
     VT_PHASE_RUNNING,
     RUN | NET,
     VT_CLOUD_INIT_PENDING,
     {OK, OK, ON, ON, ON},
     "the guest is running, its network answers, SSH does not, and cloud-init has not finished"},
    {"SSH, no cloud-init",
     VT_PHASE_RUNNING,
     RUN | NET | SSH,
     VT_CLOUD_INIT_UNSEEN,
     {OK, OK, OK, ON, OK},
     "the guest is running, SSH answers, and no sign of cloud-init was seen"},
    {"SSH before cloud-init's end",
     VT_PHASE_RUNNING,
     RUN | NET | SSH,
     VT_CLOUD_INIT_PENDING,
     {OK, OK, OK, ON, ON},
     NULL},
    {"all", VT_PHASE_RUNNING, RUN | NET | SSH, VT_CLOUD_INIT_DONE, {OK, OK, OK, OK, OK}, NULL},
    {"cloud-init before SSH",
     VT_PHASE_RUNNING,
     RUN | NET,
     VT_CLOUD_INIT_DONE,
     {OK, OK, ON, OK, ON},
     NULL},
    {"degraded",
     VT_PHASE_RUNNING,
     RUN | NET | SSH,
     VT_CLOUD_INIT_DEGRADED,
     {OK, OK, OK, VT_WAIT_DEGRADED, VT_WAIT_DEGRADED},
     NULL},
    {"failed",
     VT_PHASE_RUNNING,
     RUN | NET | SSH,
     VT_CLOUD_INIT_ERROR,
     {OK, OK, OK, VT_WAIT_FAILED, VT_WAIT_FAILED},
     "the guest is running, SSH answers, and cloud-init 25.1.4 failed: x"},
    {"no network",
     VT_PHASE_RUNNING,
     RUN | NO_CARD,
     VT_CLOUD_INIT_UNSEEN,
     {OK, NO, NO, ON, OK},
     "the guest is running, and no sign of cloud-init was seen"},
    {"no address yet",
     VT_PHASE_RUNNING,
     RUN | NO_ADDRESS | PENDING,
     VT_CLOUD_INIT_DONE,
     {OK, ON, ON, OK, ON},
     "the guest is running, its address is not known, and cloud-init has ended"},
    {"never an address",
     VT_PHASE_RUNNING,
     RUN | NO_ADDRESS,
     VT_CLOUD_INIT_DONE,
     {OK, ON, ON, OK, OK},
     "the guest is running, its address is not known, and cloud-init has ended"},
    {"never an address, cloud-init before its end",
     VT_PHASE_RUNNING,
     RUN | NO_ADDRESS,
     VT_CLOUD_INIT_PENDING,
     {OK, ON, ON, ON, ON},
     NULL},
    {"never an address, cloud-init before its begin",
     VT_PHASE_RUNNING,
     RUN | NO_ADDRESS,
     VT_CLOUD_INIT_UNSEEN,
     {OK, ON, ON, ON, ON},
     "the guest is running, its address is not known, and no sign of cloud-init was seen"},
    {"never an address, failed",
     VT_PHASE_RUNNING,
     RUN | NO_ADDRESS,
     VT_CLOUD_INIT_ERROR,
     {OK, ON, ON, VT_WAIT_FAILED, VT_WAIT_FAILED},
     NULL},
    {"no network, cloud-init",
     VT_PHASE_RUNNING,
     RUN | NO_CARD,
     VT_CLOUD_INIT_PENDING,
     {OK, NO, NO, ON, ON},
     NULL},
    {"stopping",
     VT_PHASE_STOPPING,
     RUN | NET | SSH,
     VT_CLOUD_INIT_DONE,
     {END, END, END, END, END},
     "the guest is stopping"},
    {"saving", VT_PHASE_SAVING, RUN, VT_CLOUD_INIT_UNSEEN, {END, END, END, END, END}, NULL},
    {"stopped",
     VT_PHASE_STOPPED,
     RUN | NO_CARD,
     VT_CLOUD_INIT_DONE,
     {END, END, END, END, END},
     NULL},
    {"saved", VT_PHASE_SAVED, RUN, VT_CLOUD_INIT_UNSEEN, {END, END, END, END, END}, NULL},
};

static struct vt_status status_of(size_t i)
{
    struct vt_status status = {.phase = cases[i].phase, .name = name};

    status.network = cases[i].seen & NO_CARD ? none : nat;
    if (!(cases[i].seen & (NO_CARD | NO_ADDRESS)) && status.phase != VT_PHASE_PREPARING)
        status.guest_address = address;
    status.address_pending = cases[i].seen & PENDING;
    for (unsigned bit = 0; bit < VT_MILESTONE_CLOUD_INIT; bit++)
        status.ready.passed[bit] = cases[i].seen >> bit & 1;
    status.ready.cloud_init = cases[i].cloud_init;
    if (status.ready.cloud_init == VT_CLOUD_INIT_ERROR)
        status.ready.detail = words;
    return status;
}

static void each_goal_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_status status = status_of(i);

        for (enum vt_milestone goal = 0; goal < VT_MILESTONE_MAX_; goal++) {
            enum vt_wait_verdict verdict = vt_wait_judge(&status, goal);

            if (verdict != cases[i].verdicts[goal])
                fail_msg("%s, for %s: %d", cases[i].what, vt_milestone_name(goal), (int)verdict);
        }
    }
}

static void it_says_how_far_the_guest_is(void **state)
{
    VT_AUTO_FREE char *nothing = vt_wait_describe(&(struct vt_status){.phase = VT_PHASE_PREPARING});

    (void)state;
    assert_string_equal(nothing, "no guest was started yet");
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_status status = status_of(i);
        VT_AUTO_FREE char *text = vt_wait_describe(&status);

        if (cases[i].words)
            assert_string_equal(text, cases[i].words);
    }
}

static void goals_have_names(void **state)
{
    (void)state;
    for (enum vt_milestone goal = 0; goal < VT_MILESTONE_MAX_; goal++)
        assert_int_equal(vt_milestone_find(vt_milestone_name(goal)), goal);
    assert_int_equal(vt_milestone_find("moon"), VT_MILESTONE_MAX_);
    assert_int_equal(vt_milestone_find(""), VT_MILESTONE_MAX_);
}

static void later_boots_are_told_apart(void **state)
{
    static const struct vt_ready was = {.passed = {5, 6, 0}, .cloud_init = VT_CLOUD_INIT_PENDING};
    static const struct {
        struct vt_ready is;
        bool anew;
    } rows[] = {
        {{.passed = {5, 6, 0}, .cloud_init = VT_CLOUD_INIT_PENDING}, false},
        {{.passed = {5, 6, 7}, .cloud_init = VT_CLOUD_INIT_PENDING}, false},
        {{.passed = {5, 6, 0}, .cloud_init = VT_CLOUD_INIT_ERROR}, false},
        {{.passed = {5, 6, 0}, .cloud_init = VT_CLOUD_INIT_UNSEEN}, true},
        {{.passed = {5, 0, 0}, .cloud_init = VT_CLOUD_INIT_PENDING}, true},
        /* the moment between was not seen */
        {{.passed = {5, 8, 0}, .cloud_init = VT_CLOUD_INIT_PENDING}, true},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        if (vt_ready_began_anew(&was, &rows[i].is) != rows[i].anew)
            fail_msg("row %zu", i);
        assert_false(vt_ready_began_anew(&(struct vt_ready){0}, &rows[i].is));
    }
}

/* ---- waiting: without a launcher, a guest or the real /run ---- */

/* What state.json says, one look after another; the last one stays. No event tells of it: it is
 * looked at after each knock. */
static struct vt_status told[8];
static size_t told_count, read_count;
static enum vt_probe_result knock_result;
static unsigned knocks;

int __wrap_vt_status_read(struct vt_status *ret, struct vt_error *err);
enum vt_probe_result __wrap_vt_probe_start(struct vt_probe *probe, const char *at, unsigned port);
int __wrap_vt_mkdirs(const char *path, mode_t mode);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_vt_status_read(struct vt_status *ret, struct vt_error *err)
{
    const struct vt_status *is = &told[read_count < told_count ? read_count : told_count - 1];

    (void)err;
    read_count++;
    *ret = *is;
    ret->name = vt_strdup(is->name);
    ret->network = vt_strdup(is->network);
    ret->guest_address = vt_strdup(is->guest_address);
    ret->ready.detail = vt_strdup(is->ready.detail);
    return 0;
}

/* SSH answers once, and never again. */
enum vt_probe_result __wrap_vt_probe_start(struct vt_probe *probe, const char *at, unsigned port)
{
    enum vt_probe_result result = knock_result;

    (void)probe;
    (void)at;
    (void)port;
    knocks++;
    knock_result = VT_PROBE_SILENT;
    return result;
}

int __wrap_vt_mkdirs(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return 0;
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    (void)fd;
    (void)path;
    (void)mask;
    return 1;
}

static void tell(const int64_t *passed, enum vt_cloud_init cloud_init)
{
    struct vt_status *status = &told[told_count++];

    *status = (struct vt_status){
        .phase = VT_PHASE_RUNNING, .name = name, .network = nat, .guest_address = address};
    memcpy(status->ready.passed, passed, sizeof(status->ready.passed));
    status->ready.cloud_init = cloud_init;
}

static int begin_telling(void **state)
{
    (void)state;
    told_count = read_count = 0;
    knocks = 0;
    knock_result = VT_PROBE_SSH;
    return 0;
}

static int wait_for(enum vt_milestone goal)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    return vt_wait(goal, 20, &status, &err);
}

static void a_knock_tells_what_the_launcher_does_not_know_yet(void **state)
{
    (void)state;
    tell((const int64_t[]){5, 6, 0}, VT_CLOUD_INIT_DONE);
    assert_int_equal(wait_for(VT_MILESTONE_READY), 0);
    assert_int_equal(knocks, 1);
}

/* SSH answered before the guest rebooted, and cloud-init was not through: nothing is ready then. */
static void a_reboot_begins_anew(void **state)
{
    (void)state;
    tell((const int64_t[]){5, 6, 0}, VT_CLOUD_INIT_PENDING);
    tell((const int64_t[]){5, 0, 0}, VT_CLOUD_INIT_UNSEEN);
    tell((const int64_t[]){5, 0, 0}, VT_CLOUD_INIT_UNSEEN);
    tell((const int64_t[]){5, 9, 0}, VT_CLOUD_INIT_PENDING);
    tell((const int64_t[]){5, 9, 9}, VT_CLOUD_INIT_DONE);
    assert_int_equal(wait_for(VT_MILESTONE_READY), 0);
    assert_int_equal(read_count, 5);
    assert_true(knocks > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_goal_is_judged),
        cmocka_unit_test(it_says_how_far_the_guest_is),
        cmocka_unit_test(goals_have_names),
        cmocka_unit_test(later_boots_are_told_apart),
        cmocka_unit_test_setup(a_knock_tells_what_the_launcher_does_not_know_yet, begin_telling),
        cmocka_unit_test_setup(a_reboot_begins_anew, begin_telling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
