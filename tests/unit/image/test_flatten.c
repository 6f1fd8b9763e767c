/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/flatten.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "helpers.h"
#include "image/info.h"
#include "image/overlay.h"
#include "image/qemu_img.h"
#include "image/record.h"

#define DATA    in_dir("data")
#define OVERLAY in_dir("data/local_image.qcow2")
#define RECORD  in_dir("data/.virtainer/base.json")

/* vt_overlay_prepare() on @image, NULL for none. */
static int prepare_on(const char *image, struct vt_overlay *ret, struct vt_error *err)
{
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA, .base = image ? &base : NULL, .size = 64 * MIB, .cancel_fd = -1};
    int r = image ? vt_base_probe(image, -1, &base, err) : 0;

    return r < 0 ? r : vt_overlay_prepare(&request, ret, err);
}

static void prepare_ok(const char *image)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};

    assert_ok(prepare_on(image, &overlay, &err), &err);
    assert_null(overlay.notice);
}

static int flatten(int cancel_fd)
{
    return vt_overlay_flatten(DATA, cancel_fd, NULL, NULL);
}

/* An overlay with data of its own on a base, and what a guest sees of both in "before". */
static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    put_image(in_dir("base"), "qcow2", 32 * MIB, 20 * MIB, 1);
    prepare_ok(in_dir("base"));
    RUN("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 3M", OVERLAY);
    RUN("qemu-img", "convert", "-f", "qcow2", "-O", "raw", OVERLAY, in_dir("before"));
    return 0;
}

static void assert_same_disk(void)
{
    RUN("qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", in_dir("before"), OVERLAY);
}

static enum vt_base_state state_of_base(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};

    assert_ok(vt_image_info_read(OVERLAY, &info, &err), &err);
    return info.state;
}

static void count_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    assert_string_equal(what, "writing");
    assert_true(total > 20 * MIB && done <= total);
    ++*(int *)data;
}

static void test_flatten(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int steps = 0;
    struct vt_progress progress = {.step = count_step, .data = &steps};

    (void)state;
    assert_false(vt_overlay_stands_alone(DATA));
    assert_ok(vt_overlay_flatten(DATA, -1, &progress, &err), &err);
    assert_true(steps > 0);
    assert_int_equal(unlink(in_dir("base")), 0);
    assert_true(vt_overlay_stands_alone(DATA));
    assert_same_disk();
    prepare_ok(NULL);
    assert_int_equal(state_of_base(), VT_BASE_NONE);
    assert_int_equal(count_files(DATA), 2);
}

/* A base image that is still mounted does no harm. */
static void test_with_a_base(void **state)
{
    (void)state;
    assert_int_equal(flatten(-1), 0);
    put_image(in_dir("other"), "raw", 8 * MIB, 1000, 2);
    prepare_ok(in_dir("other"));
    assert_same_disk();
}

/* Only what was flattened may have no base, and only that needs none. */
static void test_record_and_header(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_RECORD struct vt_record record = {0};
    VT_AUTO_OVERLAY struct vt_overlay none = {0};

    (void)state;
    ASSERT_FAILED(prepare_on(NULL, &none, &err), err, VT_CAUSE_NO_IMAGE, "needs its base image");
    /* Killed between record and overlay. */
    assert_ok(vt_record_read(RECORD, &record, &err), &err);
    assert_ok(vt_record_set_flattened(RECORD, &record, &err), &err);
    assert_false(vt_overlay_stands_alone(DATA));
    assert_int_equal(state_of_base(), VT_BASE_UNCHANGED);
    put_image(in_dir("other"), "qcow2", 32 * MIB, 20 * MIB, 2);
    ASSERT_FAILED(prepare_on(in_dir("other"), &none, &err), err, VT_CAUSE_OTHER_BASE,
                  "another base");
    prepare_ok(in_dir("base"));
    /* That start has set it right. */
    put_image(OVERLAY, "qcow2", 32 * MIB, 1000, 3);
    assert_false(vt_overlay_stands_alone(DATA));
    ASSERT_FAILED(prepare_on(in_dir("base"), &none, &err), err, VT_CAUSE_OTHER_BASE, "whole image");
}

static void test_snapshots(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    RUN("qemu-img", "snapshot", "-c", "earlier", OVERLAY);
    ASSERT_FAILED(vt_overlay_flatten(DATA, -1, NULL, &err), err, VT_CAUSE_USAGE, "snapshots (1)",
                  "qemu-img snapshot -d");
    assert_false(vt_overlay_stands_alone(DATA));
    assert_int_equal(count_files(DATA), 2);
    RUN("qemu-img", "snapshot", "-d", "earlier", OVERLAY);
    assert_int_equal(flatten(-1), 0);
    assert_same_disk();
}

static void test_cancel(void **state)
{
    VT_AUTO_CLOSE int cancel = readable_fd();

    (void)state;
    assert_int_equal(flatten(cancel), -ECANCELED);
    assert_int_equal(count_files(DATA), 2);
    prepare_ok(in_dir("base"));
    assert_same_disk();
}

static void test_full(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    RUN("mv", DATA, in_dir("kept"));
    assert_int_equal(mkdir(DATA, 0755), 0);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", DATA, "tmpfs", 0, "size=12M") < 0)
        skip();
    RUN("cp", "-a", in_dir("kept/."), DATA);
    ASSERT_FAILED(vt_overlay_flatten(DATA, -1, NULL, &err), err, VT_CAUSE_DATA_FULL, "needs 2",
                  "room for", "free some space");
    assert_int_equal(count_files(DATA), 2);
    prepare_ok(in_dir("base"));
    assert_same_disk();
    assert_int_equal(umount2(DATA, MNT_DETACH), 0);
}

/* Killed with all its children @after us; what is left of children is waited for. */
static void flatten_and_kill(useconds_t after)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setpgid(0, 0);
        _exit(flatten(-1) < 0);
    }
    (void)setpgid(pid, pid);
    (void)usleep(after);
    (void)kill(-pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void test_killed(void **state)
{
    unsigned done = 0;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (unsigned i = 0; i < 200 && done == 0; i++) {
        flatten_and_kill(i * 2000);
        done = vt_overlay_stands_alone(DATA);
        assert_same_disk();
        prepare_ok(done ? NULL : in_dir("base"));
        assert_int_equal(count_files(DATA), 2);
    }
    assert_true(done);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_flatten),   TEST(test_with_a_base), TEST(test_record_and_header),
        TEST(test_snapshots), TEST(test_cancel),      TEST(test_full),
        TEST(test_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
