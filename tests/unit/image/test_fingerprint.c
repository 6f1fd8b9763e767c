/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fingerprint.h"

#include "helpers.h"

static char *fingerprint(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *ret = NULL;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(vt_fingerprint(fd, (uint64_t)st.st_size, &ret), 0);
    (void)close(fd);
    return ret;
}

static void test_known(void **state)
{
    VT_AUTO_FREE char *got = NULL;

    (void)state;
    put_text(in_dir("a"), "abc");
    got = fingerprint(in_dir("a"));
    /* printf '3\nabc' | sha256sum */
    assert_string_equal(got, "sampled-sha256:"
                             "b00c078ef550998002854805b6d1fac35a8601ebe3d9a9b32bf6f6157038e1b9");
}

/* Where a changed byte of a file of 64 MiB is seen. */
static const struct {
    off_t at;
    bool seen;
} changes[] = {
    {0, true},
    {(1 << 20) - 1, true},
    {1 << 20, true},           /* the first sample */
    {(1 << 20) + 5000, false}, /* between samples */
    {(63 << 20) - 5000, true}, /* the last sample */
    {(63 << 20), true},        /* the last MiB */
    {(64 << 20) - 1, true},
};

static void test_changes(void **state)
{
    const char *path = in_dir("a");
    VT_AUTO_FREE char *before = NULL;

    (void)state;
    put_raw(path, 64 * MIB, 65536, 1);
    before = fingerprint(path);
    for (size_t i = 0; i < VT_ARRAY_SIZE(changes); i++) {
        VT_AUTO_FREE char *after = NULL, *again = NULL;
        uint8_t old = 0;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        print_message("at %lld\n", (long long)changes[i].at);
        assert_int_equal(pread(fd, &old, 1, changes[i].at), 1);
        (void)close(fd);
        put_at(path, &(uint8_t){old ^ 1}, 1, changes[i].at);
        after = fingerprint(path);
        assert_int_equal(!vt_streq(before, after), changes[i].seen);
        put_at(path, &old, 1, changes[i].at);
        again = fingerprint(path);
        assert_string_equal(before, again);
    }
}

/* Around the size up to which all is hashed. */
static void test_sizes(void **state)
{
    static const uint64_t sizes[] = {0,       1,           4096,           3 * MIB - 1,
                                     3 * MIB, 3 * MIB + 1, 3 * MIB + 4096, 4 * MIB};
    VT_AUTO_FREE char *last = vt_strdup("");

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(sizes); i++) {
        put_text(in_dir("a"), "");
        assert_int_equal(truncate(in_dir("a"), (off_t)sizes[i]), 0);
        VT_AUTO_FREE char *now = fingerprint(in_dir("a"));
        assert_string_not_equal(now, last);
        vt_str_replace(&last, VT_TAKE_PTR(now));
    }
}

static void test_shrunk_meanwhile(void **state)
{
    char *ret = NULL;
    int fd;

    (void)state;
    put_text(in_dir("a"), "abc");
    fd = open(in_dir("a"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(vt_fingerprint(fd, 4, &ret), -EIO);
    assert_int_equal(vt_fingerprint(fd, 8 * MIB, &ret), -EIO);
    assert_null(ret);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_known),
        IN_DIR(test_changes),
        IN_DIR(test_sizes),
        IN_DIR(test_shrunk_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
