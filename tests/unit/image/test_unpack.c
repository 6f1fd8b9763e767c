/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/unpack.h"

#include <gnutls/crypto.h>
#include <sys/eventfd.h>

#include "helpers.h"
#include "pack.h"

static const char *const filters[] = {"gzip", "xz", "zstd", "bzip2"};

enum { SIZE = 3 * 1024 * 1024 + 77 };

/* Noise, a MiB of zeros, noise, and zeros to the end. */
static uint8_t *make_data(void)
{
    uint8_t *data = vt_calloc(1, SIZE);

    fill_noise(data, 300001, 1);
    fill_noise(data + 2000003, 500000, 2);
    return data;
}

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    uint64_t *last = data;

    assert_string_equal(what, "unpacking");
    assert_true(done >= *last && done <= total);
    *last = done;
}

static void test_filters(void **state)
{
    VT_AUTO_FREE uint8_t *data = make_data();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *got = NULL;
        uint64_t last = 0;
        struct vt_progress progress = {on_step, &last, NULL};
        struct stat st, packed;
        size_t len;

        put_packed(in_dir("in"), filters[i], data, SIZE);
        put_text(in_dir("out.part-abcdef"), "of a run that was killed");
        put_text(in_dir("out.part-abcdefg"), "not ours");
        assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, &progress, &err), &err);
        assert_int_equal(vt_file_read(in_dir("out"), SIZE, &got, &len), 0);
        assert_int_equal(len, SIZE);
        assert_memory_equal(got, data, SIZE);
        assert_int_equal(stat(in_dir("out"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_true((uint64_t)st.st_blocks * 512 < MIB);
        assert_int_equal(stat(in_dir("in"), &packed), 0);
        assert_int_equal(last, packed.st_size);
        assert_int_equal(count_files(dir), 3);
        /* Once only. */
        put_text(in_dir("out"), "there");
        assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), &err);
        assert_int_equal(stat(in_dir("out"), &st), 0);
        assert_int_equal(st.st_size, 5);
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

static void test_joined(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *got = NULL, *one = NULL, *both = NULL;
        size_t len;

        put_packed(in_dir("in"), filters[i], "first", 5);
        assert_int_equal(vt_file_read(in_dir("in"), MIB, &one, &len), 0);
        both = vt_calloc(2, len);
        memcpy(both, one, len);
        memcpy(both + len, one, len);
        put_file(in_dir("in"), both, 2 * len);
        if (vt_streq(filters[i], "gzip")) {
            ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), err,
                          VT_CAUSE_BAD_IMAGE, "several gzip files");
            continue;
        }
        assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), &err);
        assert_int_equal(vt_file_read(in_dir("out"), MIB, &got, &len), 0);
        assert_string_equal(got, "firstfirst");
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

static void test_cut(void **state)
{
    static const off_t cuts[] = {12, 100, 100000, -1};
    VT_AUTO_FREE uint8_t *data = make_data();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(filters) * VT_ARRAY_SIZE(cuts); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        off_t cut = cuts[i % VT_ARRAY_SIZE(cuts)];
        struct stat st;

        put_packed(in_dir("in"), filters[i / VT_ARRAY_SIZE(cuts)], data, SIZE);
        assert_int_equal(stat(in_dir("in"), &st), 0);
        print_message("%s at %lld\n", filters[i / VT_ARRAY_SIZE(cuts)], (long long)cut);
        assert_int_equal(truncate(in_dir("in"), cut < 0 ? st.st_size + cut : cut), 0);
        ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), err,
                      VT_CAUSE_BAD_IMAGE, in_dir("in"), "damaged or was cut short");
        assert_int_equal(count_files(dir), 1);
    }
}

/* One bit in the middle. (libarchive writes zstd without its checksum; the zstd program does not.)
 */
static void test_damaged(void **state)
{
    static const char *const checked[] = {"gzip", "xz", "bzip2"};
    VT_AUTO_FREE uint8_t *data = make_data();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(checked); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *packed = NULL;
        size_t len;

        put_packed(in_dir("in"), checked[i], data, SIZE);
        assert_int_equal(vt_file_read(in_dir("in"), SIZE, &packed, &len), 0);
        packed[100000] ^= 1;
        put_file(in_dir("in"), packed, len);
        ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), err,
                      VT_CAUSE_BAD_IMAGE, in_dir("in is damaged"));
        assert_int_equal(count_files(dir), 1);
    }
}

static void test_errors(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int cancel = readable_fd();

    (void)state;
    put_text(in_dir("in"), "text");
    ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), err,
                  VT_CAUSE_BAD_IMAGE, "is neither compressed nor an archive");
    put_packed(in_dir("in"), "xz", "x", 1);
    assert_int_equal(vt_image_unpack(in_dir("in"), in_dir("out"), cancel, NULL, &err), -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    vt_error_done(&err);
    ASSERT_FAILED(vt_image_unpack(in_dir("in"), in_dir("none/out"), -1, NULL, &err), err,
                  VT_CAUSE_DATA_DIR, in_dir("none/out"));
    ASSERT_FAILED(vt_image_unpack(in_dir("none"), in_dir("out"), -1, NULL, &err), err,
                  VT_CAUSE_NO_IMAGE, in_dir("none"));
    assert_int_equal(count_files(dir), 1);
}

static void test_path(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *first = NULL, *second = NULL;

    (void)state;
    put_packed(in_dir("a.qcow2.xz"), "xz", "x", 1);
    assert_ok(vt_image_unpacked_path("/mounted", in_dir("a.qcow2.xz"), &first, &err), &err);
    put_packed(in_dir("a.qcow2.xz"), "xz", "y", 1);
    assert_ok(vt_image_unpacked_path("/mounted", in_dir("a.qcow2.xz"), &second, &err), &err);
    assert_true(vt_startswith(first, "/mounted/.virtainer/images/"));
    assert_string_equal(strrchr(first, '-'), "-a.qcow2");
    assert_string_not_equal(first, second);
}

/* --- the digest of what has holes --- */

static uint64_t hashed;
static int stop_when_hashed = -1; /* to become readable with the first MiB */

int __real_gnutls_hash(gnutls_hash_hd_t handle, const void *data, size_t len);
int __wrap_gnutls_hash(gnutls_hash_hd_t handle, const void *data, size_t len);

int __wrap_gnutls_hash(gnutls_hash_hd_t handle, const void *data, size_t len)
{
    const uint64_t one = 1;

    hashed += len;
    if (hashed >= MIB && stop_when_hashed >= 0)
        assert_int_equal(write(stop_when_hashed, &one, sizeof(one)), sizeof(one));
    return __real_gnutls_hash(handle, data, len);
}

/* An archive of a disk of @size bytes with data at both ends. */
static void put_hole(uint64_t size)
{
    put_raw(in_dir("disk"), size, 300000, 1);
    put_at(in_dir("disk"), "end", 3, (off_t)size - 4096);
    RUN("tar", "-C", dir, "-S", "-cf", in_dir("in"), "disk");
}

/* Unpack "in" to a file opened with @flags. */
static int run(int flags, int cancel_fd, char **ret_digest, struct vt_error *err)
{
    VT_AUTO_CLOSE int in = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
    VT_AUTO_CLOSE int out = open(in_dir("out"), flags | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const struct vt_input input = {.fd = in};
    const struct vt_unpack what = {
        .source = "in",
        .input = &input,
        .destination = "out",
        .out = out,
        .cancel_fd = cancel_fd,
        .ret_digest = ret_digest,
    };

    hashed = 0;
    return vt_unpack_run(&what, err);
}

/* A stop does not wait for the zeros, and they are not hashed for what cannot be written. */
static void test_stop_in_hole(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int stop = eventfd(0, EFD_CLOEXEC);
    VT_AUTO_FREE char *digest = NULL;

    (void)state;
    put_hole(GIB);
    stop_when_hashed = stop;
    assert_int_equal(run(O_WRONLY, stop, &digest, &err), -ECANCELED);
    stop_when_hashed = -1;
    assert_null(digest);
    assert_true(hashed >= MIB && hashed < 2 * MIB);
    vt_error_done(&err);
    ASSERT_FAILED(run(O_RDONLY, -1, &digest, &err), err, VT_CAUSE_DATA_DIR, "cannot write out");
    assert_null(digest);
    assert_int_equal(hashed, 0);
}

/* The digest of a very large one is not made here. */
static void test_large_hole(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *digest = NULL;
    struct stat st;

    (void)state;
    put_hole(40 * GIB);
    assert_ok(run(O_WRONLY, -1, &digest, &err), &err);
    assert_null(digest);
    assert_true(hashed < MIB);
    assert_int_equal(stat(in_dir("out"), &st), 0);
    assert_int_equal(st.st_size, 40 * GIB);
}

/* --- what the disk begins with --- */

static unsigned pushes;
static off_t pushed_to;

int __wrap_sync_file_range(int fd, off_t offset, off_t count, unsigned flags);

int __wrap_sync_file_range(int fd, off_t offset, off_t count, unsigned flags)
{
    struct stat st;

    assert_int_equal(flags, SYNC_FILE_RANGE_WRITE);
    assert_int_equal(offset, pushed_to);
    assert_int_equal(fstat(fd, &st), 0);
    pushed_to += count;
    assert_int_equal(pushed_to, st.st_size);
    pushes++;
    return 0;
}

/* All but less than 16 MiB is on its way to the disk before the sync. */
static void test_push(void **state)
{
    const size_t size = 40 * MIB;
    VT_AUTO_FREE uint8_t *data = vt_calloc(1, size);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    fill_noise(data, 20 * MIB, 1);
    fill_noise(data + 21 * MIB, 19 * MIB, 2);
    put_packed(in_dir("in"), "zstd", data, size);
    assert_ok(vt_image_unpack(in_dir("in"), in_dir("out"), -1, NULL, &err), &err);
    assert_int_equal(pushes, 2);
    assert_true(pushed_to > (off_t)(33 * MIB) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_filters),      IN_DIR(test_joined),     IN_DIR(test_cut),
        IN_DIR(test_damaged),      IN_DIR(test_errors),     IN_DIR(test_path),
        IN_DIR(test_stop_in_hole), IN_DIR(test_large_hole), IN_DIR(test_push),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
