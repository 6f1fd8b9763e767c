/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container image as an archive, with the disk in one of its layers: image/tar.c. */
#include "helpers.h"
#include "image/hash.h"
#include "image/oci_write.h"
#include "image/unpack.h"
#include "pack.h"

/* More than is read to know what a file is, and more than libarchive reads at once. */
enum { DISK_LEN = 900000 };

static uint8_t *disk;

static int setup(void **state)
{
    disk = vt_calloc(1, DISK_LEN);
    fill_noise(disk, DISK_LEN, 1);
    disk[510] = 0x55;
    disk[511] = 0xaa;
    return make_test_dir(state);
}

static int teardown(void **state)
{
    free(disk);
    return remove_test_dir(state);
}

/* What an archive is put together of. */
struct blob {
    char *name;
    char *data;
    size_t len;
};

/* A layer with these files; named by its digest if @pattern ("blobs/sha256/%s") wants that. */
static struct blob layer(const char *pattern, const char *filter, const struct tar_file *files,
                         size_t count)
{
    struct blob blob = {0};
    VT_AUTO_FREE char *digest = NULL;

    put_tar(in_dir("layer"), filter, files, count);
    assert_int_equal(vt_file_read(in_dir("layer"), 4 * MIB, &blob.data, &blob.len), 0);
    assert_int_equal(unlink(in_dir("layer")), 0);
    digest = vt_hash_text(blob.data, blob.len);
    blob.name = vt_strdup(pattern);
    if (strstr(pattern, "%s"))
        vt_str_replace(&blob.name, vt_fmt("%.*s%s%s", (int)(strstr(pattern, "%s") - pattern),
                                          pattern, digest, strstr(pattern, "%s") + 2));
    return blob;
}

#define FILES(...)                          \
    (const struct tar_file[]){__VA_ARGS__}, \
        sizeof((const struct tar_file[]){__VA_ARGS__}) / sizeof(struct tar_file)
#define DISK(name)             \
    {                          \
        (name), disk, DISK_LEN \
    }
#define TEXT(name, text)                 \
    {                                    \
        (name), (text), sizeof(text) - 1 \
    }
#define DIRECTORY(name) \
    {                   \
        (name), NULL, 0 \
    }

/* Write the archive "in" of @blobs, which are freed, and what lies around them. */
static void put_image_of(const char *filter, struct blob *blobs, size_t count)
{
    struct tar_file files[8] = {TEXT("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}"),
                                DIRECTORY("blobs/")};
    size_t n = 2;

    for (size_t i = 0; i < count; i++)
        files[n++] = (struct tar_file){blobs[i].name, blobs[i].data, blobs[i].len};
    files[n++] = (struct tar_file)TEXT("index.json", "{}");
    put_tar(in_dir("in"), filter, files, n);
    for (size_t i = 0; i < count; i++) {
        free(blobs[i].name);
        free(blobs[i].data);
    }
}

static void unpack_ok(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *got = NULL;
    size_t len;

    assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), &err);
    assert_int_equal(vt_file_read(in_dir("out"), 4 * MIB, &got, &len), 0);
    assert_int_equal(len, DISK_LEN);
    assert_memory_equal(got, disk, len);
    assert_int_equal(unlink(in_dir("out")), 0);
}

#define UNPACK_FAILS(...)                                                                  \
    do {                                                                                   \
        VT_AUTO_ERROR struct vt_error err_ = VT_ERROR_INIT;                                \
        ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err_), err_, \
                      VT_CAUSE_BAD_IMAGE, __VA_ARGS__);                                    \
        assert_int_equal(count_files(dir), 1);                                             \
    } while (0)

/* However the layer is called and packed, and however the archive is. */
static void test_found(void **state)
{
    static const struct {
        const char *pattern, *inner, *outer, *disk;
    } cases[] = {
        {"blobs/sha256/%s", NULL, NULL, "disk/a.qcow2"},
        {"blobs/sha256/%s", "gzip", NULL, "./disk/a"},
        {"./blobs/sha256/%s", "zstd", "gzip", "/disk/a"},
        {"%s.tar", NULL, "zstd", "disk/a"},
        {"0123abcd/layer.tar", NULL, NULL, "disk/a"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct blob blobs[] = {
            layer("blobs/sha256/%s", "gzip",
                  FILES(DISK("usr/share/a-disk-elsewhere"), DISK("disk/deeper/than/that"))),
            layer(cases[i].pattern, cases[i].inner, FILES(DIRECTORY("disk/"), DISK(cases[i].disk))),
            layer("blobs/sha256/%s", NULL, FILES(TEXT("etc/motd", "text"))),
        };

        put_image_of(cases[i].outer, blobs, VT_ARRAY_SIZE(blobs));
        unpack_ok();
    }
}

/* What `virtainer commit --containerdisk` makes. */
static void test_our_own(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_oci_disk content = {.path = in_dir("disk"), .archive = in_dir("in"), .suffix = "img"};
    int fd = open(in_dir("in"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    (void)state;
    put_file(in_dir("disk"), disk, DISK_LEN);
    assert_ok(vt_oci_write(&content, fd, -1, NULL, &err), &err);
    (void)close(fd);
    unpack_ok();
}

static void test_none_and_several(void **state)
{
    struct blob none[] = {
        layer("blobs/sha256/%s", "gzip", FILES(TEXT("disk/readme", "text"), TEXT("etc/a", "b"))),
    };
    struct blob two[] = {
        layer("blobs/sha256/%s", "gzip", FILES(DISK("disk/one"))),
        layer("blobs/sha256/%s", NULL, FILES(DISK("disk/two"))),
    };

    (void)state;
    put_image_of(NULL, none, VT_ARRAY_SIZE(none));
    UNPACK_FAILS("no disk image", "in /disk of the container image",
                 "disk/readme (4 bytes), etc/a");
    put_image_of(NULL, two, VT_ARRAY_SIZE(two));
    UNPACK_FAILS("2 disk images", "disk/one (raw, 878.9 KiB), disk/two (raw, 878.9 KiB)");
}

/* A layer is what its name says, to the last byte. */
static void test_damaged(void **state)
{
    static const char *const filters[] = {NULL, "gzip", "zstd"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters); i++) {
        for (size_t at = 0; at < 3; at++) {
            struct blob blob = layer("blobs/sha256/%s", filters[i], FILES(DISK("disk/a")));
            size_t place = at == 0 ? 70000 : at == 1 ? 600000 : blob.len - 1;

            blob.data[place] = (char)(blob.data[place] ^ 1);
            put_image_of(NULL, &blob, 1);
            UNPACK_FAILS("is damaged", "get it anew");
        }
    }
}

static void test_cut(void **state)
{
    static const off_t cuts[] = {3000, 80000, 700000};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cuts); i++) {
        struct blob blob = layer("blobs/sha256/%s", "gzip", FILES(DISK("disk/a")));

        put_image_of(NULL, &blob, 1);
        assert_int_equal(truncate(in_dir("in"), cuts[i]), 0);
        UNPACK_FAILS("damaged or was cut short", "get it anew");
    }
}

/* Nobody writes them, but anybody can: a layer of holes, or one that only looks packed. */
static void test_odd(void **state)
{
    struct blob blob = {.len = 5000};

    (void)state;
    blob.data = vt_calloc(1, blob.len);
    memcpy(blob.data, "\x1f\x8b\x08\0\0\0\0\0\0\3 nothing", 18);
    blob.name = vt_strdup("0123abcd/layer.tar");
    put_image_of(NULL, &blob, 1);
    UNPACK_FAILS("damaged or was cut short");
    /* One with a map of holes: its digest is that of what the map makes of it. */
    blob = layer("layer.tar", NULL, FILES(TEXT("disk/a", "text")));
    assert_int_equal(mkdir(in_dir("x"), 0755), 0);
    put_file(in_dir("x/layer.tar"), blob.data, blob.len);
    assert_int_equal(truncate(in_dir("x/layer.tar"), 2 * MIB), 0);
    put_at(in_dir("x/layer.tar"), "end", 3, 2 * MIB - 3);
    RUN("tar", "-C", dir, "-S", "-cf", in_dir("in"), "x/layer.tar");
    RUN("rm", "-r", in_dir("x"));
    UNPACK_FAILS("damaged or was cut short");
    free(blob.name);
    free(blob.data);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found),   TEST(test_our_own), TEST(test_none_and_several),
        TEST(test_damaged), TEST(test_cut),     TEST(test_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
