/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/health_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"

static void phases(void **state)
{
    static const bool healthy[VT_PHASE_MAX_] = {
        [VT_PHASE_RUNNING] = true, [VT_PHASE_PAUSED] = true, [VT_PHASE_RESUMING] = true,
        [VT_PHASE_SAVING] = true,  [VT_PHASE_SAVED] = true,
    };

    (void)state;
    for (enum vt_phase phase = 0; phase < VT_PHASE_MAX_; phase++) {
        struct vt_status status = {.phase = phase};
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        assert_int_equal(vt_health_check(&status, &err) == 0, healthy[phase]);
        assert_int_equal(err.msg == NULL, healthy[phase]);
        if (err.msg && !strstr(err.msg, vt_phase_name(phase)))
            fail_msg("it does not say that the guest is %s: %s", vt_phase_name(phase), err.msg);
    }
}

static void a_guest_in_trouble(void **state)
{
    static char problem[] = VT_PROBLEM_DISK;
    struct vt_status status = {.phase = VT_PHASE_PAUSED, .problem = problem};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_true(vt_health_check(&status, &err) < 0);
    assert_non_null(strstr(err.msg, "its disk could not be written"));
}

static void qemu_is_there_or_not(void **state)
{
    struct vt_status status = {.phase = VT_PHASE_RUNNING, .qemu_pid = getpid()};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(0);
    (void)waitpid(pid, NULL, 0);
    assert_int_equal(vt_health_check(&status, &err), 0);
    status.qemu_pid = pid;
    assert_true(vt_health_check(&status, &err) < 0);
    assert_string_equal(err.msg, "QEMU is gone");
}

/* A degraded guest can be used: the errors were such that cloud-init could recover from. */
static void cloud_init_leaves_a_guest_that_can_be_used(void **state)
{
    static char words[] = "no such package";
    static const char *const expected[VT_CLOUD_INIT_MAX_] = {
        [VT_CLOUD_INIT_PENDING] = "cloud-init has not finished",
        [VT_CLOUD_INIT_ERROR] = "cloud-init failed: no such package",
    };

    (void)state;
    for (enum vt_cloud_init i = 0; i < VT_CLOUD_INIT_MAX_; i++) {
        const struct vt_status status = {.ready = {.cloud_init = i, .detail = words}};
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        int r = vt_health_check_ready(&status, &err);

        assert_int_equal(r < 0, expected[i] != NULL);
        if (expected[i])
            assert_string_equal(err.msg, expected[i]);
    }
}

/* Where the network's own DHCP gives it (NETWORK=bridge); cloud-init's end says as much. */
static void a_guest_without_an_address_yet_is_not_ready(void **state)
{
    static char bridge[] = "bridge", none[] = "none", address[] = "10.0.0.5";
    struct vt_status status = {.network = bridge, .address_pending = true};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_true(vt_health_check_ready(&status, &err) < 0);
    assert_string_equal(err.msg, "the guest's address is not known yet");
    status.ready.cloud_init = VT_CLOUD_INIT_DONE;
    assert_int_equal(vt_health_check_ready(&status, NULL), 0);
    status = (struct vt_status){.network = bridge, .guest_address = address};
    assert_int_equal(vt_health_check_ready(&status, NULL), 0);
    status = (struct vt_status){.network = none};
    assert_int_equal(vt_health_check_ready(&status, NULL), 0);
    /* It will never be known. */
    status = (struct vt_status){.network = bridge};
    assert_int_equal(vt_health_check_ready(&status, NULL), 0);
}

/* What the two files of the kernel say, and whether that is worth a warning. */
static const struct {
    const char *count, *most;
    bool warns;
} tables[] = {
    {"0\n", "262144\n", false},      {"249036\n", "262144\n", false},
    {"249037\n", "262144\n", true},  {"262144\n", "262144\n", true},
    {"262150\n", "262144\n", true},  {"9\n", "0\n", false}, /* no limit */
    {NULL, "262144\n", false},       {"262144\n", NULL, false},
    {"plenty\n", "262144\n", false}, {"262144\n", "-1\n", false},
};

static void put_number(const char *name, const char *text)
{
    (void)unlink(in_dir(name));
    if (text)
        put_text(in_dir(name), text);
}

static void a_table_of_connections_that_is_nearly_full(void **state)
{
    static char bridge[] = "bridge";
    struct vt_status status = {.network = bridge};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(tables); i++) {
        VT_AUTO_FREE char *warning = NULL;

        put_number("nf_conntrack_count", tables[i].count);
        put_number("nf_conntrack_max", tables[i].most);
        warning = vt_health_warning_at(&status, test_dir);
        assert_int_equal(warning != NULL, tables[i].warns);
    }
}

static void the_warning_says_what_to_do(void **state)
{
    static char nat[] = "nat", user[] = "user";
    struct vt_status status = {.network = nat};
    VT_AUTO_FREE char *warning = NULL;

    (void)state;
    put_number("nf_conntrack_count", "262144\n");
    put_number("nf_conntrack_max", "262144\n");
    warning = vt_health_warning_at(&status, test_dir);
    assert_string_equal(warning,
                        "262144 of the 262144 connections that the kernel keeps track of at a time "
                        "are in use in the container, and when all are, new ones are dropped: "
                        "raise net.netfilter.nf_conntrack_max on the machine");
    status.network = user;
    assert_null(vt_health_warning_at(&status, test_dir));
    status.network = NULL;
    assert_null(vt_health_warning_at(&status, test_dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases),
        cmocka_unit_test(a_guest_in_trouble),
        cmocka_unit_test(qemu_is_there_or_not),
        cmocka_unit_test(cloud_init_leaves_a_guest_that_can_be_used),
        cmocka_unit_test(a_guest_without_an_address_yet_is_not_ready),
        IN_DIR(a_table_of_connections_that_is_nearly_full),
        IN_DIR(the_warning_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
