/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/deliver.h"

#include <sys/file.h>
#include <sys/stat.h>

#include "helpers.h"
#include "pack.h"

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(in_dir("out"), 0755) < 0)
        return -1;
    put_image(in_dir("base.qcow2"), "qcow2", 12 * MIB, 600000, 1);
    return setenv("no_proxy", "*", 1);
}

static int deliver(const char *name, const char *checksum, struct vt_base *ret,
                   struct vt_error *err)
{
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("%s", name));
    struct vt_config config = {
        .image_url = url, .image_checksum = mutable(checksum), .image_dir = mutable("/nowhere")};

    return vt_image_deliver(&config, in_dir("out/image"), -1, NULL, ret, err);
}

/* Unpacked, under its name, readable by all, and nothing else is left. */
static void test_packed(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web.xz"));
    struct stat st;

    (void)state;
    pack_file(in_dir("web.xz"), "xz", in_dir("base.qcow2"));
    assert_ok(deliver("web.xz", NULL, &base, &err), &err);
    assert_string_equal(base.path, in_dir("out/image"));
    assert_string_equal(base.format, "qcow2");
    assert_string_equal(base.source, url);
    assert_int_equal(stat(in_dir("out/image"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    RUN("cmp", in_dir("base.qcow2"), in_dir("out/image"));
    assert_int_equal(unlink(in_dir("out/image")), 0);
    assert_int_equal(rmdir(in_dir("out")), 0);
}

/* What is there stays as it is, and what failed leaves nothing. */
static void test_refused(void **state)
{
    static const char wrong[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};

    (void)state;
    ASSERT_FAILED(deliver("base.qcow2", wrong, &base, &err), err, VT_CAUSE_FETCH, "IMAGE_CHECKSUM");
    put_text(in_dir("huge"), "");
    assert_int_equal(truncate(in_dir("huge"), (off_t)(8192 * GIB)), 0);
    ASSERT_FAILED(deliver("huge", NULL, &base, &err), err, VT_CAUSE_DATA_FULL, "needs 8 TiB",
                  ": free some space there, or give another place");
    put_text(in_dir("page"), "<html>please log in</html>");
    ASSERT_FAILED(deliver("page", NULL, &base, &err), err, VT_CAUSE_BAD_IMAGE, "web page");
    assert_int_equal(rmdir(in_dir("out")), 0);
    assert_int_equal(mkdir(in_dir("out"), 0755), 0);
    put_text(in_dir("out/image"), "mine");
    ASSERT_FAILED(deliver("base.qcow2", NULL, &base, &err), err, VT_CAUSE_USAGE, "is there");
    assert_int_equal(count_files(in_dir("out")), 1);
}

/* Two at the same file: the second one is told, and the first one's work stays. */
static void test_busy(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};

    VT_AUTO_CLOSE int held = -1;

    (void)state;
    assert_int_equal(mkdir(in_dir("out/.image.fetch"), 0700), 0);
    held = open(in_dir("out/.image.fetch/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(held, LOCK_EX), 0);
    ASSERT_FAILED(deliver("base.qcow2", NULL, &base, &err), err, VT_CAUSE_DATA_BUSY, "another");
    assert_true(vt_path_exists(in_dir("out/.image.fetch/lock")));
}

/* A file that is there is somebody's, and not to be moved. */
static void test_no_download(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    struct vt_config config = {.image = mutable(in_dir("base.qcow2"))};

    (void)state;
    ASSERT_FAILED(vt_image_deliver(&config, in_dir("out/image"), -1, NULL, &base, &err), err,
                  VT_CAUSE_INTERNAL, "no download");
    assert_true(vt_path_exists(in_dir("base.qcow2")));
    assert_int_equal(count_files(in_dir("out")), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_packed), TEST(test_refused), TEST(test_busy),
                                       TEST(test_no_download)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
