/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/obtain.h"

#include "helpers.h"
#include "image/fetch.h"
#include "pack.h"

#define DATA in_dir("data")

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    put_image(in_dir("base.qcow2"), "qcow2", 12 * MIB, 600000, 1);
    return setenv("no_proxy", "*", 1);
}

static int obtain(const char *image, const char *url, struct vt_base *ret, struct vt_error *err)
{
    struct vt_config config = {
        .image = mutable(image),
        .image_url = mutable(url),
        .image_dir = mutable(DATA),
    };

    return vt_image_obtain(&config, dir, -1, NULL, ret, err);
}

static void test_mounted(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};

    (void)state;
    assert_ok(obtain(in_dir("base.qcow2"), NULL, &base, &err), &err);
    assert_string_equal(base.path, in_dir("base.qcow2"));
    assert_null(base.source);
    /* Nothing was needed in the data directory. */
    assert_int_equal(rmdir(DATA), 0);
}

static void test_packed(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base first = {0}, second = {0};

    (void)state;
    pack_file(in_dir("image.xz"), "xz", in_dir("base.qcow2"));
    assert_ok(obtain(NULL, NULL, &first, &err), &err);
    assert_string_equal(first.format, "qcow2");
    assert_string_equal(first.source, in_dir("image.xz"));
    assert_null(first.checksum);
    assert_true(vt_startswith(first.path, in_dir("data/.virtainer/images/")));
    assert_ok(obtain(NULL, NULL, &second, &err), &err);
    assert_string_equal(first.path, second.path);
    assert_string_equal(first.fingerprint, second.fingerprint);
    assert_int_equal(count_files(DATA), 1);
}

static void test_fetched_and_packed(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0}, again = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web.qcow2.zst"));

    (void)state;
    pack_file(in_dir("web.qcow2.zst"), "zstd", in_dir("base.qcow2"));
    assert_ok(obtain(NULL, url, &base, &err), &err);
    assert_string_equal(base.format, "qcow2");
    assert_int_equal(base.virtual_size, 12 * MIB);
    /* What was packed is not there any more, and its name is not the image's. */
    assert_int_equal(count_files(DATA), 1);
    assert_string_equal(strrchr(base.path, '-'), "-web.qcow2");
    assert_string_equal(base.source, url);
    assert_int_equal(unlink(in_dir("web.qcow2.zst")), 0);
    assert_ok(obtain(NULL, url, &again, &err), &err);
    assert_string_equal(base.path, again.path);
}

/* A data directory of an older virtainer has the download as it came, and the image beside it. */
static void test_fetched_before(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0}, again = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web.qcow2.zst"));
    VT_AUTO_FREE char *path = vt_image_fetch_path(DATA, url, NULL, NULL);

    (void)state;
    RUN("mkdir", "-p", in_dir("data/.virtainer/images"));
    pack_file(path, "zstd", in_dir("base.qcow2"));
    assert_ok(obtain(NULL, url, &base, &err), &err);
    assert_string_equal(base.format, "qcow2");
    assert_ok(obtain(NULL, url, &again, &err), &err);
    assert_string_equal(base.path, again.path);
    assert_int_equal(count_files(DATA), 2);
}

/* What lets a person in is not written down. */
static void test_secret_url(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s?signature=secret", in_dir("base.qcow2"));
    VT_AUTO_FREE char *told = vt_fmt("file://%s", in_dir("base.qcow2"));
    VT_AUTO_FREE char *sums = vt_fmt("file://%s?signature=secret", in_dir("SHA256SUMS"));
    VT_AUTO_FREE char *told_sums = vt_fmt("file://%s", in_dir("SHA256SUMS"));
    struct vt_config config = {
        .image_url = url, .image_checksum = sums, .image_dir = mutable(DATA)};

    (void)state;
    RUN("sh", "-c", "cd \"$0\" && sha256sum base.qcow2 >SHA256SUMS", dir);
    assert_ok(vt_image_obtain(&config, dir, -1, NULL, &base, &err), &err);
    assert_string_equal(base.source, told);
    assert_string_equal(base.checksum, told_sums);
}

/* The catalogue's signature is asked for, with a cache and without. */
static void test_signature(void **state)
{
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("base.qcow2"));
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SHA256SUMS"));
    struct vt_config config = {
        .image_url = url,
        .image_checksum = sums,
        .image_keyring = mutable(in_dir("keys")),
        .image_signature = mutable("file:///nowhere.sig"),
        .image_dir = mutable(DATA),
    };

    (void)state;
    put_text(in_dir("keys"), "none");
    RUN("sh", "-c", "cd \"$0\" && sha256sum base.qcow2 >SHA256SUMS && mkdir cache", dir);
    for (int i = 0; i < 2; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_BASE struct vt_base base = {0};

        config.image_cache = i ? mutable(in_dir("cache")) : NULL;
        ASSERT_FAILED(vt_image_obtain(&config, dir, -1, NULL, &base, &err), err, VT_CAUSE_FETCH,
                      "is not there: file:///nowhere.sig");
    }
}

/* What arrived in vain is not there at the next start. */
static void test_useless(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web"));

    (void)state;
    put_text(in_dir("web"), "<html>please log in</html>");
    ASSERT_FAILED(obtain(NULL, url, &base, &err), err, VT_CAUSE_BAD_IMAGE, "web page");
    assert_int_equal(truncate(in_dir("base.qcow2"), 400000), 0);
    pack_file(in_dir("web"), "gzip", in_dir("base.qcow2"));
    ASSERT_FAILED(obtain(NULL, url, &base, &err), err, VT_CAUSE_BAD_IMAGE, "cut short");
    put_packed(in_dir("web"), "gzip", "text", 4);
    ASSERT_FAILED(obtain(NULL, url, &base, &err), err, VT_CAUSE_BAD_IMAGE, "text");
    assert_int_equal(truncate(in_dir("web"), 15), 0);
    ASSERT_FAILED(obtain(NULL, url, &base, &err), err, VT_CAUSE_BAD_IMAGE, "");
    ASSERT_FAILED(obtain(NULL, "file:///nowhere", &base, &err), err, VT_CAUSE_FETCH, "");
    assert_int_equal(rmdir(DATA), 0);
}

/* What was begun of another URL's download is not kept; what has its ending as its name is. */
static void test_begun(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0}, again = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("base.partial"));

    (void)state;
    assert_false(vt_image_obtain_is_begun(DATA));
    assert_int_equal(rename(in_dir("base.qcow2"), in_dir("base.partial")), 0);
    assert_ok(obtain(NULL, url, &base, &err), &err);
    assert_false(vt_image_obtain_is_begun(DATA));
    put_text(in_dir("data/.virtainer/images/a.partial"), "a");
    put_text(in_dir("data/.virtainer/images/a.partial.json"), "{}");
    put_text(in_dir("data/.virtainer/images/a.part-abcdef"), "a");
    assert_true(vt_image_obtain_is_begun(DATA));
    assert_ok(obtain(in_dir("base.partial"), NULL, &again, &err), &err);
    assert_false(vt_image_obtain_is_begun(DATA));
    assert_int_equal(count_files(DATA), 1);
    assert_true(vt_path_exists(base.path));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mounted),        TEST(test_packed),     TEST(test_fetched_and_packed),
        TEST(test_fetched_before), TEST(test_secret_url), TEST(test_signature),
        TEST(test_useless),        TEST(test_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
