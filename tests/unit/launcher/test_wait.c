/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static char name[] = "vm", none[] = "none", nat[] = "nat", address[] = "192.168.100.100",
            words[] = "cloud-init 25.1.4 failed: x";

enum { RUN = 1, NET = 2, SSH = 4, NO_CARD = 8 };

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
    if (!(cases[i].seen & NO_CARD) && status.phase != VT_PHASE_PREPARING)
        status.guest_address = address;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_goal_is_judged),
        cmocka_unit_test(it_says_how_far_the_guest_is),
        cmocka_unit_test(goals_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
