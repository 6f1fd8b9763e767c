/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpacker.h"

#include "base/clock.h"
#include "helpers.h"
#include "image/hash.h"
#include "pack.h"

enum { SIZE = 2 * 1024 * 1024 + 77 };

static const char *const filters[] = {"gzip", "xz", "zstd", "bzip2"};

/* Noise, zeros, noise, and zeros to the end. */
static uint8_t *make_data(void)
{
    uint8_t *data = vt_calloc(1, SIZE);

    fill_noise(data, 300001, 1);
    fill_noise(data + 1500003, 500000, 2);
    return data;
}

static struct vt_unpacker *begin(int fd, const char *destination, bool with_digest)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacker *u = NULL;

    assert_ok(vt_unpacker_begin("the download", fd, destination, with_digest, &u, &err), &err);
    return u;
}

/* Unpack the file "in" to "out", as it comes in pieces of @piece bytes. */
static int unpack(size_t piece, struct vt_unpacked *ret, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
    struct vt_unpacker *u = begin(fd, in_dir("out"), true);
    struct stat st;
    int r;

    assert_int_equal(fstat(fd, &st), 0);
    for (size_t at = 0; at < (size_t)st.st_size; at += piece) {
        vt_unpacker_reach(u, at);
        (void)usleep(100);
    }
    r = vt_unpacker_finish(u, (uint64_t)st.st_size, -1, NULL, ret, err);
    vt_unpacker_free(u);
    return r;
}

static void assert_unpacked(struct vt_unpacked *made, const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *got = NULL, *digest = vt_hash_text(data, size);
    size_t len;

    assert_non_null(made->path);
    assert_true(vt_startswith(made->path, in_dir("out.part-")));
    assert_int_equal(vt_file_read(made->path, SIZE, &got, &len), 0);
    assert_int_equal(len, size);
    assert_memory_equal(got, data, size);
    assert_string_equal(made->digest, digest);
    assert_int_equal(unlink(made->path), 0);
    vt_unpacked_done(made);
}

static void test_pieces(void **state)
{
    static const size_t pieces[] = {9973, 300000, SIZE};
    VT_AUTO_FREE uint8_t *data = make_data();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters) * VT_ARRAY_SIZE(pieces); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_unpacked made = {0};

        put_packed(in_dir("in"), filters[i / VT_ARRAY_SIZE(pieces)], data, SIZE);
        assert_ok(unpack(pieces[i % VT_ARRAY_SIZE(pieces)], &made, &err), &err);
        assert_unpacked(&made, data, SIZE);
        assert_int_equal(count_files(dir), 1);
    }
}

/* The holes of a sparse file in an archive count for the digest too. */
static void test_holes(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacked made = {0};
    VT_AUTO_FREE char *disk = NULL;
    size_t len;

    (void)state;
    put_raw(in_dir("disk"), 2 * MIB, 300000, 1);
    put_at(in_dir("disk"), "end", 3, 2 * MIB - 500000);
    assert_int_equal(vt_file_read(in_dir("disk"), SIZE, &disk, &len), 0);
    RUN("tar", "-C", dir, "-S", "-czf", in_dir("in"), "disk");
    assert_ok(unpack(4099, &made, &err), &err);
    assert_unpacked(&made, (const uint8_t *)disk, len);
}

static void test_not_packed(void **state)
{
    static const size_t sizes[] = {0, 3, SIZE};
    VT_AUTO_FREE uint8_t *data = make_data();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(sizes); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_unpacked made = {0};

        put_file(in_dir("in"), data, sizes[i]);
        assert_ok(unpack(100000, &made, &err), &err);
        assert_null(made.path);
        assert_int_equal(count_files(dir), 1);
    }
}

/* Cut short anywhere, and with nowhere to write to. */
static void test_errors(void **state)
{
    VT_AUTO_FREE uint8_t *data = make_data();
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacked made = {0};
    VT_AUTO_CLOSE int fd = -1;
    struct vt_unpacker *u;

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters); i++) {
        put_packed(in_dir("in"), filters[i], data, SIZE);
        assert_int_equal(truncate(in_dir("in"), 300000), 0);
        ASSERT_FAILED(unpack(4099, &made, &err), err, VT_CAUSE_BAD_IMAGE, "the download is damaged",
                      "get it anew");
        assert_int_equal(count_files(dir), 1);
    }
    fd = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
    u = begin(fd, in_dir("none/out"), false);
    vt_unpacker_reach(u, 300000);
    ASSERT_FAILED(vt_unpacker_finish(u, 300000, -1, NULL, &made, &err), err, VT_CAUSE_DATA_DIR,
                  in_dir("none/out"));
    vt_unpacker_free(u);
}

/* It is told before all has come, and told again. */
static void test_early_error(void **state)
{
    VT_AUTO_FREE uint8_t *data = make_data();
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacked made = {0};
    VT_AUTO_CLOSE int fd = -1;
    struct vt_unpacker *u;
    int r = 0;

    (void)state;
    /* Each of its blocks of 900 kB has a checksum. */
    fill_noise(data, SIZE, 3);
    put_packed(in_dir("in"), "bzip2", data, SIZE);
    put_at(in_dir("in"), "wrong", 5, 100000);
    fd = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
    u = begin(fd, in_dir("out"), false);
    vt_unpacker_reach(u, 1500000);
    for (int i = 0; i < 500 && r == 0; i++) {
        (void)usleep(10000);
        r = vt_unpacker_check(u, &err);
    }
    ASSERT_FAILED(r, err, VT_CAUSE_BAD_IMAGE, "the download is damaged");
    ASSERT_FAILED(vt_unpacker_finish(u, 1600000, -1, NULL, &made, &err), err, VT_CAUSE_BAD_IMAGE,
                  "the download is damaged");
    vt_unpacker_free(u);
    assert_int_equal(count_files(dir), 1);
}

/* Ended while it waits, and while it works: at once, and nothing stays. */
static void test_end(void **state)
{
    VT_AUTO_FREE uint8_t *zeros = vt_calloc(1, 64 * MIB);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_unpacked made = {0};
    VT_AUTO_CLOSE int cancel = readable_fd();
    VT_AUTO_CLOSE int fd = -1;
    struct stat st;

    (void)state;
    zeros[0] = 1;
    put_packed(in_dir("in"), "gzip", zeros, 64 * MIB);
    fd = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    for (int i = 0; i < 3; i++) {
        struct vt_unpacker *u = begin(fd, in_dir("out"), false);
        int64_t start = vt_now_ms();

        if (i == 1)
            vt_unpacker_reach(u, (uint64_t)st.st_size);
        (void)usleep(20000);
        if (i == 2)
            ASSERT_FAILED(vt_unpacker_finish(u, (uint64_t)st.st_size, cancel, NULL, &made, &err) ==
                                  -ECANCELED
                              ? -1
                              : 0,
                          err, VT_CAUSE_NONE, "stopped while unpacking the download");
        vt_unpacker_free(u);
        assert_true(vt_now_ms() - start < 1000);
        assert_int_equal(count_files(dir), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_pieces), IN_DIR(test_holes),       IN_DIR(test_not_packed),
        IN_DIR(test_errors), IN_DIR(test_early_error), IN_DIR(test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
