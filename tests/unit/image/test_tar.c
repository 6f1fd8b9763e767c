/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/tar.h"

#include "helpers.h"
#include "image/unpack.h"
#include "pack.h"

enum { DISK_LEN = 300000 + 512 };

static uint8_t *disk;

static int setup(void **state)
{
    disk = vt_calloc(1, DISK_LEN);
    fill_noise(disk, 100000, 1);
    fill_noise(disk + 200000, 512, 2);
    disk[510] = 0x55;
    disk[511] = 0xaa;
    return make_test_dir(state);
}

static int teardown(void **state)
{
    free(disk);
    return remove_test_dir(state);
}

#define DIRECTORY(name) \
    {                   \
        (name), NULL, 0 \
    }
#define TEXT(name, text)                 \
    {                                    \
        (name), (text), sizeof(text) - 1 \
    }
#define DISK(name)             \
    {                          \
        (name), disk, DISK_LEN \
    }
#define FILES(...) ((const struct tar_file[]){__VA_ARGS__})
#define PUT(filter, ...)                                \
    put_tar(in_dir("in"), (filter), FILES(__VA_ARGS__), \
            sizeof(FILES(__VA_ARGS__)) / sizeof(struct tar_file))

static void unpack_ok(const void *wanted, size_t wanted_len)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *got = NULL;
    size_t len;

    assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), &err);
    assert_int_equal(vt_file_read(in_dir("out"), MIB, &got, &len), 0);
    assert_int_equal(len, wanted_len);
    assert_memory_equal(got, wanted, len);
    assert_int_equal(unlink(in_dir("out")), 0);
    assert_int_equal(count_files(dir), 1);
}

#define UNPACK_FAILS(cause, ...)                                                           \
    do {                                                                                   \
        VT_AUTO_ERROR struct vt_error err_ = VT_ERROR_INIT;                                \
        ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err_), err_, \
                      (cause), __VA_ARGS__);                                               \
        assert_int_equal(count_files(dir), 1);                                             \
    } while (0)

/* The disk is found among other files, in whatever the archive is packed. */
static void test_found(void **state)
{
    static const char *const filters[] = {NULL, "gzip", "xz", "zstd", "bzip2"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters); i++) {
        print_message("%s\n", filters[i] ? filters[i] : "tar");
        PUT(filters[i], DISK("disk.raw"));
        unpack_ok(disk, DISK_LEN);
        PUT(filters[i], DIRECTORY("box/"), TEXT("box/box.ovf", "<?xml version='1.0'?>"),
            DISK("box/d.txt"), TEXT("box/box.mf", "SHA256(d.txt)= 00"));
        unpack_ok(disk, DISK_LEN);
    }
}

/* A disk that is called as a layer is, is a disk still. */
static void test_named_by_digest(void **state)
{
#define HEX "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    static const char *const names[] = {HEX, "./" HEX, HEX ".tar", "a/layer.tar"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        PUT(NULL, TEXT("readme", "text"), DISK(names[i]));
        unpack_ok(disk, DISK_LEN);
    }
}

/* A disk of less than what is read to know it. */
static void test_small(void **state)
{
    (void)state;
    put_tar(in_dir("in"), NULL, &(const struct tar_file){"small", disk, 512}, 1);
    unpack_ok(disk, 512);
}

/* GNU tar's map of holes, as the images of Google's cloud have it; the hole at the end counts. */
static void test_sparse(void **state)
{
    static const char *const formats[] = {"--format=oldgnu", "--format=gnu", "--format=pax"};
    uint8_t *wanted = vt_calloc(1, MIB);

    (void)state;
    memcpy(wanted, disk, 512);
    memcpy(wanted + 600 * KIB, disk, 5000);
    for (size_t i = 0; i < VT_ARRAY_SIZE(formats); i++) {
        put_file(in_dir("disk.raw"), wanted, 512);
        assert_int_equal(truncate(in_dir("disk.raw"), MIB), 0);
        put_at(in_dir("disk.raw"), disk, 5000, 600 * KIB);
        RUN("tar", "-C", dir, formats[i], "-S", "-czf", in_dir("in"), "disk.raw");
        assert_int_equal(unlink(in_dir("disk.raw")), 0);
        unpack_ok(wanted, MIB);
    }
    free(wanted);
}

static void test_none(void **state)
{
    (void)state;
    PUT("gzip", TEXT("a.ovf", "<?xml ?>"), TEXT("b\033[2J.mf", "text"));
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "no disk image", "a.ovf (8 bytes), b?[2J.mf (4 bytes)");
    PUT(NULL, DIRECTORY("empty/"));
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "it holds nothing");
}

static void test_several(void **state)
{
    (void)state;
    PUT("xz", DISK("one.img"), TEXT("readme", "text"), TEXT("two.vmdk", "KDMV\1"));
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "2 disk images",
                 "one.img (raw, 293.4 KiB), readme (4 bytes), two.vmdk (vmdk, 5 bytes)");
}

/* Links name files of the archive, or of the machine; they are no files. */
static void test_links(void **state)
{
    (void)state;
    put_file(in_dir("disk"), disk, DISK_LEN);
    assert_int_equal(link(in_dir("disk"), in_dir("hard")), 0);
    assert_int_equal(symlink("/etc/passwd", in_dir("soft")), 0);
    RUN("tar", "-C", dir, "-cf", in_dir("in"), "soft", "disk", "hard");
    assert_int_equal(unlink(in_dir("disk")), 0);
    assert_int_equal(unlink(in_dir("hard")), 0);
    assert_int_equal(unlink(in_dir("soft")), 0);
    unpack_ok(disk, DISK_LEN);
}

/* So many names that not all are told. */
static void test_many(void **state)
{
    struct tar_file files[200];
    char names[200][32];

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(files); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "file-with-a-long-name-%zu", i);
        files[i] = (struct tar_file){names[i], "text", 4};
    }
    put_tar(in_dir("in"), NULL, files, VT_ARRAY_SIZE(files));
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "file-with-a-long-name-10", "…");
}

/* Cut and damaged: in the disk, in a header, and in the checksum of the compression. */
static void test_damaged(void **state)
{
    static const off_t cuts[] = {700, 100000, 300000};
    static const char *const filters[] = {NULL, "gzip", "xz", "zstd", "bzip2"};
    struct stat st;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cuts); i++) {
        PUT(NULL, DISK("disk"), TEXT("readme", "text"));
        assert_int_equal(truncate(in_dir("in"), cuts[i]), 0);
        UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "damaged or was cut short");
    }
    for (size_t i = 1; i < VT_ARRAY_SIZE(filters); i++) {
        PUT(filters[i], DISK("disk"), TEXT("readme", "text"));
        assert_int_equal(stat(in_dir("in"), &st), 0);
        assert_int_equal(truncate(in_dir("in"), st.st_size - 1), 0);
        UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "damaged");
    }
    PUT("gzip", DISK("disk"));
    assert_int_equal(stat(in_dir("in"), &st), 0);
    put_at(in_dir("in"), "\1\2\3\4", 4, st.st_size - 8);
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "its checksum differs");
    PUT(NULL, TEXT("readme", "text"), DISK("disk"));
    put_at(in_dir("in"), "9", 1, 1024 + 148);
    UNPACK_FAILS(VT_CAUSE_BAD_IMAGE, "damaged or was cut short");
}

static void test_cancel(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int cancel = readable_fd();

    (void)state;
    PUT(NULL, DISK("disk"));
    assert_int_equal(vt_image_unpack(in_dir("in"), in_dir("out"), cancel, NULL, &err), -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    assert_int_equal(count_files(dir), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found),   TEST(test_named_by_digest), TEST(test_small), TEST(test_sparse),
        TEST(test_none),    TEST(test_several),         TEST(test_links), TEST(test_many),
        TEST(test_damaged), TEST(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
