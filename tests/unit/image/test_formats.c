/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every format in every packing: what the guest would read from the overlay is, byte for byte, what
 * was on the disk that the image was made of.
 */
#include "helpers.h"
#include "image/obtain.h"
#include "image/overlay.h"
#include "pack.h"

#define DATA    in_dir("data")
#define OVERLAY in_dir("data/local_image.qcow2")

enum { DISK_SIZE = 2 << 20 };

static const struct {
    const char *format;
    const char *option; /* of qemu-img convert, or NULL */
    const char *value;
} formats[] = {
    {"raw", NULL, NULL},
    {"qcow2", NULL, NULL},
    {"qcow2", "-o", "compat=0.10"},
    {"qcow2", "-o", "cluster_size=4k,lazy_refcounts=on"},
    {"qcow2", "-o", "extended_l2=on"},
    {"qcow2", "-c", NULL},
    {"qcow2", "-co", "compression_type=zstd"},
    {"vmdk", NULL, NULL},
    {"vmdk", "-o", "subformat=streamOptimized"},
    {"vdi", NULL, NULL},
    {"vdi", "-o", "static=on"},
    {"vhdx", NULL, NULL},
    {"vhdx", "-o", "subformat=fixed"},
};

static const char *const packings[] = {"plain", "gzip", "xz",       "zstd",
                                       "bzip2", "tar",  "tar+gzip", "tar+xz"};

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    /* Data at the start, a hole, data in the last sector. */
    put_raw(in_dir("disk"), DISK_SIZE, 300000, 1);
    put_at(in_dir("disk"), "the end", 7, DISK_SIZE - 7);
    return 0;
}

static void make_image(size_t i)
{
    const char *argv[16] = {"qemu-img", "convert", "-q", "-f", "raw", "-O", formats[i].format};
    size_t n = 7;

    if (formats[i].option)
        argv[n++] = formats[i].option;
    if (formats[i].value)
        argv[n++] = formats[i].value;
    argv[n++] = in_dir("disk");
    argv[n++] = in_dir("image");
    run_ok(argv);
}

static void pack_image(const char *packing)
{
    VT_AUTO_FREE char *data = NULL;
    struct tar_file file = {"disk", NULL, 0};

    if (vt_streq(packing, "plain")) {
        assert_int_equal(rename(in_dir("image"), in_dir("packed")), 0);
    } else if (!vt_startswith(packing, "tar")) {
        pack_file(in_dir("packed"), packing, in_dir("image"));
    } else {
        assert_int_equal(vt_file_read(in_dir("image"), 64 << 20, &data, &file.len), 0);
        file.data = data;
        put_tar(in_dir("packed"), packing[3] ? packing + 4 : NULL, &file, 1);
    }
}

/* As a start does; the overlay is a MiB larger than the disk. */
static void make_overlay(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    struct vt_config config = {.image = mutable(in_dir("packed")), .image_dir = mutable(DATA)};
    struct vt_overlay_request request = {
        .data_dir = DATA,
        .base = &base,
        .size = DISK_SIZE + MIB,
        .size_given = true,
        .cancel_fd = -1,
    };

    assert_ok(vt_image_obtain(&config, dir, -1, NULL, &base, &err), &err);
    assert_ok(vt_overlay_prepare(&request, &overlay, &err), &err);
}

static void assert_same_bytes(void)
{
    VT_AUTO_FREE char *wanted = NULL, *got = NULL;
    size_t wanted_len, len;

    RUN("qemu-img", "convert", "-f", "qcow2", "-O", "raw", OVERLAY, in_dir("got"));
    assert_int_equal(vt_file_read(in_dir("disk"), 64 << 20, &wanted, &wanted_len), 0);
    assert_int_equal(vt_file_read(in_dir("got"), 64 << 20, &got, &len), 0);
    assert_int_equal(len, DISK_SIZE + MIB);
    assert_memory_equal(got, wanted, wanted_len);
    for (size_t i = wanted_len; i < len; i++)
        assert_int_equal(got[i], 0);
}

static void test_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(formats) * VT_ARRAY_SIZE(packings); i++) {
        size_t format = i / VT_ARRAY_SIZE(packings);
        const char *packing = packings[i % VT_ARRAY_SIZE(packings)];

        /* The kinds of a format differ inside, which no packing sees. */
        if (formats[format].option && !vt_streq(packing, "plain") && !vt_streq(packing, "tar+gzip"))
            continue;
        print_message("%s %s, %s\n", formats[format].format,
                      formats[format].value ? formats[format].value : "", packing);
        make_image(format);
        pack_image(packing);
        make_overlay();
        assert_same_bytes();
        vt_remove_tree(DATA);
        assert_int_equal(mkdir(DATA, 0755), 0);
    }
}

/* An image that reads other files is refused in whatever it is packed, and nothing of it stays. */
static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(packings) * 4; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_base base = {0};
        struct vt_config config = {.image = mutable(in_dir("packed")), .image_dir = mutable(DATA)};
        VT_AUTO_FREE char *data_file = vt_fmt("data_file=%s", in_dir("data_file"));

        if (i % 4 == 0)
            RUN("qemu-img", "create", "-q", "-f", "qcow2", "-b", in_dir("disk"), "-F", "raw",
                in_dir("image"));
        else if (i % 4 == 1)
            RUN("qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", "-b",
                in_dir("disk"), "-F", "raw", in_dir("image"));
        else if (i % 4 == 2)
            RUN("qemu-img", "create", "-q", "-f", "qcow2", "-o", data_file, in_dir("image"), "1M");
        else
            RUN("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat",
                in_dir("image"), "1M");
        pack_image(packings[i / 4]);
        ASSERT_FAILED(vt_image_obtain(&config, dir, -1, NULL, &base, &err), err, VT_CAUSE_BAD_IMAGE,
                      "");
        assert_int_equal(count_files(DATA), 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_all), TEST(test_hostile)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
