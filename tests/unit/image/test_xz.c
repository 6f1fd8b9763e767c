/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/xz.h"

#include <dirent.h>
#include <lzma.h>
#include <unistd.h>

#include "helpers.h"

#define BLOCK (64 * KIB)

/* What test files hold: nothing in it repeats soon. */
static uint8_t *content(size_t len)
{
    uint8_t *bytes = vt_calloc(1, len);
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24) & 0x3f;
    }
    return bytes;
}

/* Append @len bytes to the file @name as one xz stream of blocks of BLOCK bytes. */
static void add_stream(const char *name, const uint8_t *bytes, size_t len)
{
    lzma_mt options = {.threads = 2, .block_size = BLOCK, .preset = 0, .check = LZMA_CHECK_CRC64};
    lzma_stream stream = LZMA_STREAM_INIT;
    size_t room = len + MIB;
    VT_AUTO_FREE uint8_t *out = vt_calloc(1, room);
    VT_AUTO_CLOSE int fd =
        open(in_dir("%s", name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_int_equal(lzma_stream_encoder_mt(&stream, &options), LZMA_OK);
    stream.next_in = bytes;
    stream.avail_in = len;
    stream.next_out = out;
    stream.avail_out = room;
    assert_int_equal(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
    assert_int_equal(vt_write_all(fd, out, room - stream.avail_out), 0);
    lzma_end(&stream);
}

static unsigned threads(void)
{
    VT_AUTO_CLOSEDIR DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    while (readdir(tasks))
        count++;
    return count - 2;
}

/* Read the file @name to its end or an error, which is returned; what came must be the beginning of
 * @bytes, and is counted in @ret_len. */
static int read_all(const char *name, const uint8_t *bytes, size_t *ret_len, unsigned *ret_threads)
{
    VT_AUTO_CLOSE int fd = open(in_dir("%s", name), O_RDONLY | O_CLOEXEC);
    const struct vt_input input = {.fd = fd};
    struct vt_xz *xz = vt_xz_open(&input);
    const uint8_t *data = NULL;
    const char *why = NULL;
    size_t len = 0;
    int r;

    assert_non_null(xz);
    *ret_len = 0;
    *ret_threads = 0;
    while ((r = vt_xz_next(xz, &data, &len, &why)) > 0) {
        unsigned now = threads();

        assert_memory_equal(data, bytes + *ret_len, len);
        *ret_len += len;
        if (now > *ret_threads)
            *ret_threads = now;
    }
    assert_true(r == 0 || why);
    vt_xz_free(xz);
    return r;
}

/* Many blocks are many threads' work, and come out in their order; a second stream follows. */
static void test_whole(void **state)
{
    const size_t first = 40 * BLOCK + 17, all = 2 * first;
    VT_AUTO_FREE uint8_t *bytes = content(all);
    unsigned count = 0;
    size_t len = 0;

    (void)state;
    add_stream("a.xz", bytes, first);
    add_stream("a.xz", bytes + first, all - first);
    assert_int_equal(read_all("a.xz", bytes, &len, &count), 0);
    assert_int_equal(len, all);
    if (lzma_cputhreads() > 1)
        assert_true(count > 1);
}

/* Cut or changed anywhere, the file is an error, and nothing wrong comes before it. */
static void test_damaged(void **state)
{
    const size_t all = 8 * BLOCK;
    VT_AUTO_FREE uint8_t *bytes = content(all);
    VT_AUTO_FREE char *file = NULL;
    size_t size = 0, len = 0;
    unsigned count = 0;

    (void)state;
    add_stream("a.xz", bytes, all);
    assert_int_equal(vt_file_read(in_dir("a.xz"), 2 * MIB, &file, &size), 0);
    for (size_t at = 13; at < size; at += size / 37) {
        assert_int_equal(vt_file_write(in_dir("cut.xz"), file, at, 0600, NULL), 0);
        assert_int_equal(read_all("cut.xz", bytes, &len, &count), -EBADMSG);
        file[at] ^= 0x10;
        assert_int_equal(vt_file_write(in_dir("bad.xz"), file, size, 0600, NULL), 0);
        file[at] ^= 0x10;
        assert_int_equal(read_all("bad.xz", bytes, &len, &count), -EBADMSG);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_test_dir, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_whole), TEST(test_damaged)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
