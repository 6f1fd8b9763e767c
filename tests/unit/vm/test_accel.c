/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/accel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vm/accel_priv.h"

#define FACTS(...)  \
    {               \
        __VA_ARGS__ \
    }

static const struct {
    struct vt_kvm_facts facts; /* errno, API version, flag there, flag needed */
    enum vt_accel wanted;
    int r;
    bool kvm, emulated;
    const char *words; /* in the reason, or in the error; NULL: nothing is said */
} cases[] = {
    /* KVM as it should be */
    {FACTS(0, 12, true, true), VT_ACCEL_AUTO, 0, true, false, NULL},
    {FACTS(0, 12, true, true), VT_ACCEL_KVM, 0, true, false, NULL},
    {FACTS(0, 12, true, true), VT_ACCEL_TCG, 0, false, false, NULL},
    /* no device: the way out is told */
    {FACTS(ENOENT, 0, true, true), VT_ACCEL_AUTO, 0, false, false, "add --device /dev/kvm"},
    {FACTS(ENOENT, 0, true, true), VT_ACCEL_KVM, -ENODEV, false, false, "add --device /dev/kvm"},
    {FACTS(ENOENT, 0, false, true), VT_ACCEL_TCG, 0, false, false, NULL},
    /* a device that the engine does not let us have */
    {FACTS(EPERM, 0, true, true), VT_ACCEL_AUTO, 0, false, false, "(Operation not permitted)"},
    {FACTS(EACCES, 0, true, true), VT_ACCEL_KVM, -ENODEV, false, false, "(Permission denied)"},
    /* something else that is called KVM */
    {FACTS(0, 11, true, true), VT_ACCEL_AUTO, 0, false, false, "version 11, not 12"},
    {FACTS(0, -1, true, true), VT_ACCEL_KVM, -ENODEV, false, false, "version -1, not 12"},
    /* a device that software emulates */
    {FACTS(0, 12, false, true), VT_ACCEL_AUTO, 0, false, false, "neither vmx nor svm"},
    {FACTS(0, 12, false, true), VT_ACCEL_KVM, 0, true, true, NULL},
    {FACTS(0, 12, false, true), VT_ACCEL_TCG, 0, false, false, NULL},
    /* other architectures have no such flag */
    {FACTS(0, 12, false, false), VT_ACCEL_AUTO, 0, true, false, NULL},
    {FACTS(0, 12, false, false), VT_ACCEL_KVM, 0, true, false, NULL},
};

static void decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_accel_choice choice;
        int r = vt_accel_choose(cases[i].wanted, &cases[i].facts, &choice, &err);
        VT_AUTO_FREE char *reason = choice.reason;
        const char *said = r < 0 ? err.msg : reason;

        if (r != cases[i].r || choice.kvm != cases[i].kvm || choice.emulated != cases[i].emulated)
            fail_msg("case %zu: %d, kvm %d, emulated %d", i, r, choice.kvm, choice.emulated);
        assert_int_equal(err.cause, r < 0 ? VT_CAUSE_KVM : VT_CAUSE_NONE);
        if (!said != !cases[i].words || (said && !strstr(said, cases[i].words)))
            fail_msg("case %zu: %s", i, said ? said : "nothing was said");
        if (r < 0)
            assert_true(vt_startswith(said, "ACCEL=kvm cannot be had: "));
    }
}

static void the_machine_can_be_asked(void **state)
{
    struct vt_kvm_facts facts;

    (void)state;
    vt_kvm_facts_read(&facts);
    assert_true(facts.open_errno == 0 || facts.api_version == 0);
}

static void flags_are_words(void **state)
{
    static const struct {
        const char *cpuinfo;
        bool found;
    } texts[] = {
        {"processor\t: 0\nflags\t\t: fpu vmx sse\nbugs\t: x\n", true},
        {"processor\t: 0\nflags\t\t: fpu vmx\n", true},
        {"processor\t: 0\nflags\t\t: vmx fpu\n", true},
        {"processor\t: 0\nflags\t\t: fpu vmx", true},
        {"processor\t: 0\nflags\t\t: xvmx vmxy vmx fpu\n", true},
        {"processor\t: 0\nflags\t\t: fpu sse\n", false},
        {"processor\t: 0\nflags\t\t: xvmx vmxy\n", false},
        {"processor\t: 0\nflags\t\t: fpu\nvmx flags\t: vnmi vmx \n", false},
        {"model name\t: vmx\nflags\t\t: fpu\n", false},
        {"processor\t: 0\nFeatures\t: fp asimd vmx \n", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        if (vt_cpuinfo_has_flag(texts[i].cpuinfo, "vmx") != texts[i].found)
            fail_msg("text %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(the_machine_can_be_asked),
        cmocka_unit_test(flags_are_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
