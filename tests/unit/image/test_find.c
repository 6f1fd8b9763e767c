/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/find.h"

#include "helpers.h"
#include "pack.h"

/* The files there are, and which is found. */
static const struct {
    const char *files[4];
    const char *image; /* IMAGE, in the test's directory */
    const char *found;
    bool packed;
} cases[] = {
    {{"image"}, NULL, "image", false},
    {{"image", "image.xz", "disk/a"}, NULL, "image", false},
    {{"image.xz", "image.gz"}, NULL, "image.xz", false},
    {{"packed:image.gz", "image.bz2"}, NULL, "image.gz", true},
    {{"packed:image.zst"}, NULL, "image.zst", true},
    {{"packed:image.bz2", "disk/a"}, NULL, "image.bz2", true},
    {{"packed:image"}, NULL, "image", true},
    {{"disk/debian.qcow2"}, NULL, "disk/debian.qcow2", false},
    {{"packed:disk/a", "disk/.hidden"}, NULL, "disk/a", true},
    {{"image", "other"}, "other", "other", false},
    {{"image", "packed:other"}, "other", "other", true},
};

static void put_case(const char *const files[4])
{
    assert_int_equal(mkdir(in_dir("disk"), 0755), 0);
    assert_int_equal(mkdir(in_dir("disk/lost+found"), 0755), 0);
    for (size_t i = 0; i < 4 && files[i]; i++) {
        if (vt_startswith(files[i], "packed:"))
            put_packed(in_dir("%s", files[i] + 7), "gzip", "x", 1);
        else
            put_raw(in_dir("%s", files[i]), 512, 0, 1);
    }
}

static void test_cases(void **state)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_IMAGE_SOURCE struct vt_image_source source = {0};
        struct vt_config config = {0};

        print_message("%zu\n", i);
        assert_int_equal(make_test_dir(state), 0);
        put_case(cases[i].files);
        if (cases[i].image)
            config.image = mutable(in_dir("%s", cases[i].image));
        assert_ok(vt_image_find(&config, dir, &source, &err), &err);
        assert_string_equal(source.path, in_dir("%s", cases[i].found));
        assert_int_equal(source.packed, cases[i].packed);
        assert_null(source.url);
        assert_int_equal(remove_test_dir(state), 0);
    }
}

static void test_url(void **state)
{
    static const struct {
        const char *url, *checksum, *name;
    } urls[] = {
        {"https://example.org/a/debian.qcow2?x=/y#z", NULL, "-debian.qcow2"},
        {"https://example.org/", NULL, "-image"},
        {"https://example.org/%20 b", NULL, "-_20_b"},
        {"https://example.org/..", NULL, "-.."},
        {"https://example.org/a/debian.qcow2", "sha256:00", "-debian.qcow2"},
        {"https://example.org/a/debian.qcow2", NULL, "-debian.qcow2"},
    };
    VT_AUTO_FREE char *last = vt_strdup("");

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(urls); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_IMAGE_SOURCE struct vt_image_source source = {0};
        struct vt_config config = {.image_dir = mutable("/mounted"),
                                   .image_url = mutable(urls[i].url),
                                   .image_checksum = mutable(urls[i].checksum)};

        assert_ok(vt_image_find(&config, "/nowhere", &source, &err), &err);
        assert_string_equal(source.url, urls[i].url);
        assert_true(vt_startswith(source.path, "/mounted/.virtainer/images/"));
        assert_string_equal(strrchr(source.path, '/') + 1 + 16, urls[i].name);
        assert_string_not_equal(source.path, last);
        vt_str_replace(&last, vt_strdup(source.path));
    }
}

static int find(const char *image, struct vt_error *err)
{
    struct vt_config config = {.image = mutable(image)};
    VT_AUTO_IMAGE_SOURCE struct vt_image_source source = {0};

    return vt_image_find(&config, dir, &source, err);
}

static void test_errors(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(find(NULL, &err), err, VT_CAUSE_NO_IMAGE, in_dir("image,"), in_dir("image.xz"),
                  in_dir("disk;"), "IMAGE_URL", "-v HOST_PATH:/image");
    ASSERT_FAILED(find("/nowhere/a", &err), err, VT_CAUSE_NO_IMAGE, "IMAGE=/nowhere/a");
    ASSERT_FAILED(find("https://example.org/a", &err), err, VT_CAUSE_USAGE, "IMAGE_URL");
    ASSERT_FAILED(find(dir, &err), err, VT_CAUSE_NO_IMAGE, "is a directory");
    assert_int_equal(mkdir(in_dir("disk"), 0755), 0);
    ASSERT_FAILED(find(NULL, &err), err, VT_CAUSE_NO_IMAGE, "no base image");
    put_text(in_dir("disk/a"), "a");
    put_text(in_dir("disk/b"), "b");
    ASSERT_FAILED(find(NULL, &err), err, VT_CAUSE_USAGE, in_dir("disk/a"), in_dir("disk/b"),
                  "IMAGE");
    assert_int_equal(mkdir(in_dir("image"), 0755), 0);
    ASSERT_FAILED(find(NULL, &err), err, VT_CAUSE_NO_IMAGE, in_dir("image is a directory"),
                  "docker");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_url),
        IN_DIR(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
