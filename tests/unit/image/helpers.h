/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory for each test, and files in it, made by the real qemu-img. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* The directory of the running test. */
static char dir[64];

/* "NAME in the test's directory"; the strings live until the program ends, in a small ring. */
static __attribute__((unused)) VT_PRINTF(1, 2) const char *in_dir(const char *format, ...)
{
    static char ring[16][256];
    static unsigned next;
    char *s = ring[next++ % 16];
    int n = snprintf(s, sizeof(ring[0]), "%s/", dir);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(s + n, sizeof(ring[0]) - (size_t)n, format, args);
    va_end(args);
    return s;
}

/* For the fields of a struct vt_config, which would own them. */
static __attribute__((unused)) char *mutable(const char *s)
{
    return (char *)(uintptr_t)s;
}

static __attribute__((unused)) int make_test_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/vt-image-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static __attribute__((unused)) int remove_test_dir(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static unsigned files_counted;

static __attribute__((unused)) int count_one(const char *path, const struct stat *st, int type,
                                             struct FTW *ftw)
{
    (void)path;
    (void)st;
    (void)ftw;
    if (type != FTW_D)
        files_counted++;
    return 0;
}

/* How many files are below @path, in whatever depth; 0 also if it is not there. */
static __attribute__((unused)) unsigned count_files(const char *path)
{
    files_counted = 0;
    (void)nftw(path, count_one, 16, FTW_PHYS);
    return files_counted;
}

static __attribute__((unused)) void put_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    (void)close(fd);
}

static __attribute__((unused)) void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

static __attribute__((unused)) void put_at(const char *path, const void *data, size_t len,
                                           off_t offset)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, offset), (ssize_t)len);
    (void)close(fd);
}

/* Numbers that compress badly and are the same in each run. */
static __attribute__((unused)) void fill_noise(uint8_t *data, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(seed >> 24);
    }
}

/* A raw disk of @size bytes with a boot sector, @noise bytes of data, and zeros. */
static __attribute__((unused)) void put_raw(const char *path, uint64_t size, size_t noise,
                                            uint32_t seed)
{
    uint8_t *data = vt_calloc(1, noise + 512);

    fill_noise(data, noise + 512, seed);
    data[510] = 0x55;
    data[511] = 0xaa;
    put_file(path, data, noise + 512);
    assert_int_equal(truncate(path, (off_t)size), 0);
    free(data);
}

static __attribute__((unused)) void run_ok(const char *const *argv)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r = vt_run(argv, NULL, NULL, -1, 60000, &err);

    if (r != 0)
        fail_msg("%s: status %d: %s", argv[0], r, err.msg ? err.msg : "");
}

#define RUN(...) run_ok((const char *const[]){__VA_ARGS__, NULL})

/* An image of @size bytes with @noise of data in @format, made from a raw one. */
static __attribute__((unused)) void put_image(const char *path, const char *format, uint64_t size,
                                              size_t noise, uint32_t seed)
{
    const char *raw = in_dir("put_image.tmp");

    put_raw(raw, size, noise, seed);
    RUN("qemu-img", "convert", "-f", "raw", "-O", format, raw, path);
    assert_int_equal(unlink(raw), 0);
}

/* Assert that @r failed for @cause with a message that holds each of the texts. */
#define ASSERT_FAILED(r, err, the_cause, ...) \
    assert_failed((r), &(err), (the_cause), (const char *const[]){__VA_ARGS__, NULL})

static __attribute__((unused)) void assert_failed(int r, struct vt_error *err, enum vt_cause cause,
                                                  const char *const *texts)
{
    if (r >= 0)
        fail_msg("it did not fail (%d)", r);
    assert_non_null(err->msg);
    if (err->cause != cause)
        fail_msg("cause %d instead of %d: %s", (int)err->cause, (int)cause, err->msg);
    for (; *texts; texts++) {
        if (!strstr(err->msg, *texts))
            fail_msg("\"%s\" is not in: %s", *texts, err->msg);
    }
    if (getenv("VT_SHOW_ERRORS"))
        (void)fprintf(stderr, "    [%d] %s\n", vt_cause_exit_status(err->cause), err->msg);
    vt_error_done(err);
}

static __attribute__((unused)) void assert_ok(int r, const struct vt_error *err)
{
    if (r < 0)
        fail_msg("%d: %s", r, err->msg ? err->msg : "no message");
    assert_null(err->msg);
}

/* A descriptor that is readable, as a cancel descriptor. */
static __attribute__((unused)) int readable_fd(void)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    (void)close(fds[1]);
    return fds[0];
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_test_dir, remove_test_dir)
