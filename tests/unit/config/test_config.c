/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/options.h"

#define GIB (UINT64_C(1) << 30)

/* Each test begins with none of our variables, whatever the surroundings have. */
static int clear_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < vt_option_count; i++)
        (void)unsetenv(vt_options[i].env);
    return 0;
}

/* Read @... as the flags of run. */
#define READ_FLAGS(config, err, ...) \
    read_flags((config), (err), (char *const[]){(char *)"run", __VA_ARGS__, NULL})

static int read_flags(struct vt_config *config, struct vt_error *err, char *const argv[])
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return vt_config_read_flags(config, argc, argv, err);
}

/* A mutable string that nobody changes, as argv has them. */
#define ARG(text) ((char *)(uintptr_t)(text))

static void defaults(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_int_equal(vt_config_read_env(&config, NULL), 0);
    assert_int_equal(config.ram, GIB);
    assert_int_equal(config.cpus, 1);
    assert_string_equal(config.vm_name, "vm");
    assert_null(config.os_variant);
    assert_string_equal(config.image_dir, "/mounted");
    assert_string_equal(config.cloud_init_disk, "/cloud_init.iso");
    assert_null(config.image);
    assert_null(config.image_url);
    assert_null(config.image_checksum);
    assert_int_equal(config.disk_size, 40 * GIB);
    assert_false(config.disk_size_given);
    assert_string_equal(config.cidr, "192.168.100");
    assert_false(config.cidr_given);
    assert_null(config.password);
    assert_string_equal(config.instance_id, "localimage-01");
    assert_string_equal(config.hostname_in_guest, "cloudimage");
    assert_int_equal(config.accel, VT_ACCEL_AUTO);
    assert_int_equal(config.network, VT_NETWORK_AUTO);
    assert_int_equal(config.log_level, VT_LOG_INFO);
}

static void variables_are_read(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    (void)setenv("RAM", "2G", 1);
    (void)setenv("VM_NAME", "other", 1);
    (void)setenv("ACCEL", "tcg", 1);
    (void)setenv("DISK_SIZE", "10G", 1);
    vt_config_init(&config);
    assert_int_equal(vt_config_read_env(&config, NULL), 0);
    assert_int_equal(config.ram, 2 * GIB);
    assert_string_equal(config.vm_name, "other");
    assert_int_equal(config.accel, VT_ACCEL_TCG);
    assert_int_equal(config.disk_size, 10 * GIB);
    assert_true(config.disk_size_given);
}

/* As compose files and scripts pass what was not given. */
static void an_empty_variable_is_none(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    for (size_t i = 0; i < vt_option_count; i++)
        (void)setenv(vt_options[i].env, "", 1);
    vt_config_init(&config);
    assert_int_equal(vt_config_read_env(&config, NULL), 0);
    assert_int_equal(config.ram, GIB);
    assert_string_equal(config.vm_name, "vm");
    assert_null(config.password);
    assert_false(config.disk_size_given);
}

static void a_wrong_variable_is_named(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    (void)setenv("CPU", "1.5", 1);
    vt_config_init(&config);
    assert_int_equal(vt_config_read_env(&config, &err), -EINVAL);
    assert_string_equal(err.msg, "CPU=1.5 cannot be used: give a whole number from 1 to 255");
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
}

static void a_flag_wins(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    (void)setenv("RAM", "2G", 1);
    (void)setenv("CPU", "2", 1);
    vt_config_init(&config);
    assert_int_equal(vt_config_read_env(&config, NULL), 0);
    assert_int_equal(READ_FLAGS(&config, NULL, ARG("--ram"), ARG("3G")), 0);
    assert_int_equal(config.ram, 3 * GIB);
    assert_int_equal(config.cpus, 2);
}

static void flags_have_two_forms(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_int_equal(READ_FLAGS(&config, NULL, ARG("--disk-size=20G"), ARG("--vm-name"), ARG("a"),
                                ARG("--password=a=b --c"), ARG("--ram"), ARG("1G"),
                                ARG("--ram=2G")),
                     0);
    assert_int_equal(config.disk_size, 20 * GIB);
    assert_true(config.disk_size_given);
    assert_string_equal(config.vm_name, "a");
    assert_string_equal(config.password, "a=b --c");
    assert_int_equal(config.ram, 2 * GIB); /* the last one */
    /* what comes after a flag is its value, whatever it looks like */
    assert_int_equal(READ_FLAGS(&config, NULL, ARG("--password"), ARG("--ram")), 0);
    assert_string_equal(config.password, "--ram");
}

/* No option takes nothing, so its own words show that the flag is known. */
static void every_option_has_its_flag(void **state)
{
    (void)state;
    for (size_t i = 0; i < vt_option_count; i++) {
        VT_AUTO_CONFIG struct vt_config config;
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *flag = vt_option_flag(&vt_options[i]);
        VT_AUTO_FREE char *expected =
            vt_fmt("%s %s cannot be used: ", flag, vt_streq(flag, "--password") ? "…" : "''");

        vt_config_init(&config);
        assert_int_equal(READ_FLAGS(&config, &err, flag, ARG("")), -EINVAL);
        if (!vt_startswith(err.msg, expected))
            fail_msg("%s", err.msg);
    }
}

static void wrong_flags_are_explained(void **state)
{
    static const struct {
        const char *a, *b, *message;
    } cases[] = {
        {"--moon", NULL, "run has no flag --moon: see virtainer run --help"},
        {"--moon=1", NULL, "run has no flag --moon=1: see virtainer run --help"},
        {"-x", NULL, "run has no flag -x: see virtainer run --help"},
        {"--", NULL, "run has no flag --: see virtainer run --help"},
        {"--ramx", "1G", "run has no flag --ramx: see virtainer run --help"},
        {"--ra", "1G", "run has no flag --ra: see virtainer run --help"},
        {"--RAM", "1G", "run has no flag --RAM: see virtainer run --help"},
        {"--disk_size", "1G", "run has no flag --disk_size: see virtainer run --help"},
        {"bash", NULL, "run takes no argument 'bash': see virtainer run --help"},
        {"", NULL, "run takes no argument '': see virtainer run --help"},
        {"--ram", NULL, "--ram needs a value: see virtainer run --help"},
        {"--cpu", "0", "--cpu 0 cannot be used: give a whole number from 1 to 255"},
        {"--cpu=0", NULL, "--cpu 0 cannot be used: give a whole number from 1 to 255"},
        {"--cpu=", NULL, "--cpu '' cannot be used: give a whole number from 1 to 255"},
        {"--accel", "fast", "--accel fast cannot be used: give auto, kvm or tcg"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_CONFIG struct vt_config config;

        vt_config_init(&config);
        assert_int_equal(READ_FLAGS(&config, &err, ARG(cases[i].a), ARG(cases[i].b)), -EINVAL);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
    }
}

static void help_is_asked_for(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_int_equal(READ_FLAGS(&config, NULL, ARG("--help")), 1);
    assert_int_equal(READ_FLAGS(&config, NULL, ARG("--ram"), ARG("1G"), ARG("-h")), 1);
}

static void two_images_are_one_too_many(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_int_equal(vt_config_check(&config, &err), 0);
    config.image = vt_strdup("/i");
    assert_int_equal(vt_config_check(&config, &err), 0);
    config.image_url = vt_strdup("https://x/");
    assert_int_equal(vt_config_check(&config, &err), -EINVAL);
    assert_string_equal(err.msg,
                        "both IMAGE=/i and IMAGE_URL=https://x/ are given: give one of them");
    assert_int_equal(err.cause, VT_CAUSE_USAGE);
}

static void more_memory_than_there_is(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;
    VT_AUTO_FREE char *has = NULL;
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    (void)state;
    vt_config_init(&config);
    config.ram = machine;
    assert_int_equal(vt_config_check(&config, &err), 0);
    config.ram = UINT64_C(1) << 62;
    assert_int_equal(vt_config_check(&config, &err), -ENOMEM);
    assert_int_equal(err.cause, VT_CAUSE_MEMORY);
    assert_true(vt_startswith(err.msg, "RAM asks for 4194304 TiB, and this machine has "));
    has = vt_size_text(machine);
    assert_non_null(strstr(err.msg, has));
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(vt_accel_name(VT_ACCEL_KVM), "kvm");
    assert_string_equal(vt_accel_name(VT_ACCEL_TCG), "tcg");
    assert_string_equal(vt_network_name(VT_NETWORK_AUTO), "auto");
    assert_string_equal(vt_network_name(VT_NETWORK_NAT), "nat");
    assert_string_equal(vt_network_name(VT_NETWORK_USER), "user");
    assert_string_equal(vt_network_name(VT_NETWORK_BRIDGE), "bridge");
    assert_string_equal(vt_network_name(VT_NETWORK_NONE), "none");
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, clear_variables, clear_variables)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(defaults),
        CLEAN(variables_are_read),
        CLEAN(an_empty_variable_is_none),
        CLEAN(a_wrong_variable_is_named),
        CLEAN(a_flag_wins),
        cmocka_unit_test(flags_have_two_forms),
        cmocka_unit_test(every_option_has_its_flag),
        cmocka_unit_test(wrong_flags_are_explained),
        cmocka_unit_test(help_is_asked_for),
        cmocka_unit_test(two_images_are_one_too_many),
        cmocka_unit_test(more_memory_than_there_is),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
