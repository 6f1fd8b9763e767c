/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/places.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"

static void makes_what_the_links_lead_to(void **state)
{
    static const char *const names[] = {"virtainer/libvirt/lib", "virtainer/libvirt/cache",
                                        "virtainer/libvirt/log", "virtainer/libvirt/etc", "lock"};

    (void)state;
    /* Also a second time, as when a container is started again. */
    for (int i = 0; i < 2; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        assert_int_equal(vt_places_make_at(test_dir, &err), 0);
        assert_null(err.msg);
    }
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        struct stat st;

        assert_int_equal(stat(in_dir(names[i]), &st), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0755);
    }
}

static void a_place_that_cannot_be_made(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(close(open(in_dir("virtainer"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
    assert_int_equal(vt_places_make_at(test_dir, &err), -ENOTDIR);
    assert_int_equal(err.cause, VT_CAUSE_INTERNAL);
    assert_non_null(strstr(err.msg, test_dir));
}

static void the_seed_goes_where_it_can_be_written(void **state)
{
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_string_equal(vt_places_seed(&config, test_dir), "/cloud_init.iso");
    /* As good as read-only. */
    assert_string_equal(vt_places_seed(&config, in_dir("nothing")),
                        "/run/virtainer/cloud_init.iso");
    /* What a person says holds, and fails with its own name when it cannot be. */
    config.cloud_init_disk_given = true;
    assert_string_equal(vt_places_seed(&config, in_dir("nothing")), "/cloud_init.iso");
}

static void a_seed_that_could_not_be_made_is_seen_before(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_int_equal(vt_places_check_seed(in_dir("seed.iso"), &err), 0);
    assert_int_equal(vt_places_check_seed(in_dir("nothing/seed.iso"), &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_SEED);
    assert_non_null(strstr(err.msg, in_dir("nothing/seed.iso")));
    assert_int_equal(access(in_dir("seed.iso"), F_OK), -1);
}

static void naming_the_place_is_noted(void **state)
{
    char *argv[] = {(char *)"run", (char *)"--cloud-init-disk", (char *)"/x.iso"};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CONFIG struct vt_config config;

    (void)state;
    vt_config_init(&config);
    assert_false(config.cloud_init_disk_given);
    assert_int_equal(vt_config_read_flags(&config, 3, argv, &err), 0);
    assert_true(config.cloud_init_disk_given);
    assert_string_equal(vt_places_seed(&config, "/nowhere"), "/x.iso");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_what_the_links_lead_to, make_test_dir,
                                        remove_test_dir),
        cmocka_unit_test_setup_teardown(a_place_that_cannot_be_made, make_test_dir,
                                        remove_test_dir),
        cmocka_unit_test_setup_teardown(the_seed_goes_where_it_can_be_written, make_test_dir,
                                        remove_test_dir),
        cmocka_unit_test_setup_teardown(a_seed_that_could_not_be_made_is_seen_before, make_test_dir,
                                        remove_test_dir),
        cmocka_unit_test(naming_the_place_is_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
