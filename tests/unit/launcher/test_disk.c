/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/disk.h"

#include "../image/helpers.h"

#define DATA in_dir("data")

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    put_image(in_dir("base"), "qcow2", 12 * MIB, 300000, 1);
    return 0;
}

static void make_overlay(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA, .base = &base, .size = 16 * MIB, .cancel_fd = -1};

    assert_ok(vt_base_probe(in_dir("base"), -1, &base, &err), &err);
    assert_ok(vt_overlay_prepare(&request, &overlay, &err), &err);
}

/* Take it with @image, and let go of it. */
static int take(const char *image, bool accept_base, struct vt_error *err)
{
    VT_AUTO_DISK struct vt_disk disk = VT_DISK_INIT;
    VT_AUTO_CONFIG struct vt_config config;
    int r;

    vt_config_init(&config);
    config.image = vt_strdup(image);
    vt_str_replace(&config.image_dir, vt_strdup(DATA));
    r = vt_disk_take(&config, accept_base, -1, NULL, &disk, err);
    if (r == 0)
        assert_true(disk.overlay.reused);
    return r;
}

static void test_taken(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    make_overlay();
    assert_ok(take(in_dir("base"), false, &err), &err);
    put_image(in_dir("other"), "qcow2", 12 * MIB, 300000, 2);
    ASSERT_FAILED(take(in_dir("other"), false, &err), err, VT_CAUSE_OTHER_BASE, "rebase --unsafe");
    assert_ok(take(in_dir("other"), true, &err), &err);
    assert_ok(take(in_dir("other"), false, &err), &err);
}

static void test_no_disk(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(take(in_dir("base"), false, &err), err, VT_CAUSE_USAGE, DATA, "has no disk");
    assert_int_equal(rmdir(DATA), 0);
    ASSERT_FAILED(take(in_dir("base"), false, &err), err, VT_CAUSE_USAGE, "has no disk");
    assert_false(vt_path_exists(DATA));
}

static void test_saved(void **state)
{
    static const char *const names[] = {"saved", "resuming"};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    make_overlay();
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        const char *path = in_dir("data/.virtainer/%s", names[i]);

        assert_int_equal(mkdir(path, 0700), 0);
        ASSERT_FAILED(take(in_dir("base"), true, &err), err, VT_CAUSE_USAGE, "RESUME=no",
                      "virtainer stop --shutdown");
        assert_true(vt_path_exists(path));
        assert_int_equal(rmdir(path), 0);
    }
    assert_ok(take(in_dir("base"), false, &err), &err);
}

static void test_busy(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_DISK struct vt_disk holder = VT_DISK_INIT;

    (void)state;
    make_overlay();
    assert_ok(vt_data_dir_open(&holder.data, DATA, &err), &err);
    ASSERT_FAILED(take(in_dir("base"), true, &err), err, VT_CAUSE_DATA_BUSY, "stop that one");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_taken),
        TEST(test_no_disk),
        TEST(test_saved),
        TEST(test_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
