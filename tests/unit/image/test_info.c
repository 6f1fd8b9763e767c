/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/info.h"

#include <json-c/json.h>

#include "helpers.h"
#include "image/overlay.h"

#define DATA    in_dir("data")
#define OVERLAY in_dir("data/local_image.qcow2")
#define RECORD  in_dir("data/.virtainer/base.json")

static void make_overlay(const char *source, const char *checksum)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    struct vt_overlay_request request = {
        .data_dir = DATA,
        .base = &base,
        .size = 2 * GIB,
        .size_given = true,
        .cancel_fd = -1,
    };

    assert_ok(vt_base_probe(in_dir("base"), -1, &base, &err), &err);
    base.source = vt_strdup(source);
    base.checksum = vt_strdup(checksum);
    assert_ok(vt_overlay_prepare(&request, &overlay, &err), &err);
}

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    put_image(in_dir("base"), "qcow2", 12 * MIB, 300000, 1);
    return 0;
}

static void read_info(struct vt_image_info *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    assert_ok(vt_image_info_read(OVERLAY, ret, &err), &err);
}

static void assert_state(enum vt_base_state wanted)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};

    read_info(&info);
    assert_string_equal(vt_base_state_name(info.state), vt_base_state_name(wanted));
}

static void test_chain(void **state)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};
    struct stat base, overlay;

    (void)state;
    make_overlay("https://example.org/a.qcow2", "sha256:00");
    assert_int_equal(stat(in_dir("base"), &base), 0);
    assert_int_equal(stat(OVERLAY, &overlay), 0);
    read_info(&info);
    assert_string_equal(info.overlay, OVERLAY);
    assert_int_equal(info.disk_size, 2 * GIB);
    assert_int_equal(info.overlay_size, overlay.st_blocks * 512);
    assert_string_equal(info.record.path, in_dir("base"));
    assert_string_equal(info.record.format, "qcow2");
    assert_int_equal(info.record.file_size, base.st_size);
    assert_int_equal(info.record.virtual_size, 12 * MIB);
    assert_string_equal(info.record.source, "https://example.org/a.qcow2");
    assert_string_equal(info.record.checksum, "sha256:00");
    assert_int_equal(info.state, VT_BASE_UNCHANGED);
}

static void test_states(void **state)
{
    (void)state;
    make_overlay(NULL, NULL);
    assert_state(VT_BASE_UNCHANGED);
    put_at(in_dir("base"), "x", 1, 300);
    assert_state(VT_BASE_CHANGED);
    assert_int_equal(truncate(in_dir("base"), 1000), 0);
    assert_state(VT_BASE_CHANGED);
    assert_int_equal(unlink(in_dir("base")), 0);
    assert_state(VT_BASE_MISSING);
    assert_int_equal(mkdir(in_dir("base"), 0755), 0);
    assert_state(VT_BASE_UNREADABLE);
}

/* Of a shell virtainer: what the overlay says is all there is. */
static void test_unrecorded(void **state)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};
    VT_AUTO_FREE char *text = NULL, *json = NULL;

    (void)state;
    make_overlay(NULL, NULL);
    assert_int_equal(unlink(RECORD), 0);
    read_info(&info);
    assert_int_equal(info.state, VT_BASE_UNKNOWN);
    assert_string_equal(info.record.path, in_dir("base"));
    assert_string_equal(info.record.format, "qcow2");
    text = vt_image_info_text(&info);
    assert_non_null(strstr(text, "base: qcow2\n          not recorded yet"));
    json = vt_image_info_json(&info);
    assert_non_null(strstr(json, "\"fingerprint\": null"));
}

static void test_text(void **state)
{
    struct vt_image_info info = {
        .overlay = mutable("/mounted/local_image.qcow2"),
        .disk_size = 40 * GIB,
        .overlay_size = 3 * MIB / 2,
        .record =
            {
                .path = mutable("/image"),
                .format = mutable("vmdk"),
                .file_size = 165 * MIB,
                .virtual_size = 2 * GIB,
                .fingerprint = mutable("sampled-sha256:0a1b"),
                .source = mutable("https://example.org/a.ova"),
                .checksum = mutable("sha256:c0de"),
                .name = mutable("fedora:43"),
            },
        .state = VT_BASE_UNCHANGED,
    };
    VT_AUTO_FREE char *text = vt_image_info_text(&info);

    (void)state;
    assert_string_equal(text,
                        "overlay   /mounted/local_image.qcow2: a disk of 40 GiB, takes 1.5 MiB\n"
                        "base      /image: vmdk, 165 MiB with a disk of 2 GiB\n"
                        "          sampled-sha256:0a1b\n"
                        "          unchanged since the overlay was made\n"
                        "name      fedora:43\n"
                        "source    https://example.org/a.ova\n"
                        "checksum  sha256:c0de\n");
}

static void test_json(void **state)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};
    VT_AUTO_FREE char *text = NULL;
    struct json_object *object, *base;

    (void)state;
    make_overlay("https://example.org/a.qcow2", NULL);
    read_info(&info);
    text = vt_image_info_json(&info);
    object = json_tokener_parse(text);
    assert_int_equal(json_object_get_int(json_object_object_get(object, "version")), 1);
    assert_int_equal(json_object_get_int64(json_object_object_get(
                         json_object_object_get(object, "overlay"), "disk_bytes")),
                     2 * GIB);
    base = json_object_object_get(object, "base");
    assert_string_equal(json_object_get_string(json_object_object_get(base, "state")), "unchanged");
    assert_string_equal(json_object_get_string(json_object_object_get(base, "source")),
                        "https://example.org/a.qcow2");
    assert_null(json_object_object_get(base, "checksum"));
    (void)json_object_put(object);
}

static void test_errors(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_image_info info = {0};

    (void)state;
    ASSERT_FAILED(vt_image_info_read(OVERLAY, &info, &err), err, VT_CAUSE_USAGE, "no overlay");
    make_overlay(NULL, NULL);
    put_text(RECORD, "text");
    ASSERT_FAILED(vt_image_info_read(OVERLAY, &info, &err), err, VT_CAUSE_DATA_DIR, "damaged");
    put_text(OVERLAY, "text");
    ASSERT_FAILED(vt_image_info_read(OVERLAY, &info, &err), err, VT_CAUSE_BAD_IMAGE, "is damaged");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_chain), TEST(test_states), TEST(test_unrecorded),
        TEST(test_text),  TEST(test_json),   TEST(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
