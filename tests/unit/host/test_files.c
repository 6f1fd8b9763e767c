/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/files.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../tempdir.h"

static void read_has_a_limit(void **state)
{
    static const struct {
        size_t size, max;
        int r;
    } cases[] = {
        {0, 0, 0},           {1, 0, -EFBIG},           {100, 100, 0},
        {101, 100, -EFBIG},  {70000, 65536, -EFBIG},   {200000, 200000, 0},
        {200000, 5, -EFBIG}, {200000, 199999, -EFBIG},
    };
    const char *path = in_dir("file");

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *text = NULL;
        size_t len = 4242;
        int r;

        put_text(path, "");
        assert_int_equal(truncate(path, (off_t)cases[i].size), 0);
        r = vt_file_read(path, cases[i].max, &text, &len);
        assert_int_equal(r, cases[i].r);
        assert_int_equal(len, r < 0 ? 4242 : cases[i].size);
        if (r == 0)
            assert_int_equal(text[len], '\0');
        else
            assert_null(text);
    }
}

/* /proc tells no size beforehand. */
static void read_needs_no_size(void **state)
{
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(vt_file_read("/proc/self/status", 65536, &text, NULL), 0);
    assert_non_null(strstr(text, "Pid:"));
    assert_int_equal(vt_file_read("/dev/zero", 65536, &text, NULL), -EFBIG);
}

static void read_says_why_not(void **state)
{
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(vt_file_read(in_dir("none"), 10, &text, NULL), -ENOENT);
    assert_int_equal(vt_file_read(test_dir, 10, &text, NULL), -EISDIR);
    put_text(in_dir("file"), "x");
    assert_int_equal(vt_file_read(in_dir("file/below"), 10, &text, NULL), -ENOTDIR);
    assert_null(text);
}

static void write_replaces_the_whole(void **state)
{
    const char *path = in_dir("file");
    struct stat st;

    (void)state;
    assert_int_equal(vt_file_write(path, "longer than later", 17, 0600, NULL), 0);
    assert_text(path, "longer than later");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(vt_file_write(path, "later", 5, 0644, test_dir), 0);
    assert_text(path, "later");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(vt_file_write(path, "", 0, 0644, NULL), 0);
    assert_text(path, "");
    assert_int_equal(count_entries(test_dir), 1);
}

/* A link that somebody put there is replaced, not followed. */
static void write_follows_no_link(void **state)
{
    (void)state;
    put_text(in_dir("precious"), "untouched");
    assert_int_equal(symlink("precious", in_dir("file")), 0);
    assert_int_equal(vt_file_write(in_dir("file"), "new", 3, 0644, NULL), 0);
    assert_text(in_dir("precious"), "untouched");
    assert_text(in_dir("file"), "new");
}

static void a_failed_write_leaves_nothing(void **state)
{
    const struct rlimit small = {10, RLIM_INFINITY};
    struct rlimit before;

    (void)state;
    put_text(in_dir("old"), "old");
    assert_int_equal(mkdir(in_dir("directory"), 0755), 0);
    /* cannot be renamed over a directory */
    assert_int_equal(vt_file_write(in_dir("directory"), "x", 1, 0644, NULL), -EISDIR);
    /* the owner is nobody's */
    assert_int_equal(vt_file_write(in_dir("old"), "x", 1, 0644, in_dir("none")), -ENOENT);
    /* no such directory */
    assert_int_equal(vt_file_write(in_dir("none/file"), "x", 1, 0644, NULL), -ENOENT);
    /* does not fit: as on a full file system */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(vt_file_write(in_dir("old"), "more than ten bytes", 19, 0644, NULL), -EFBIG);
    assert_int_equal(vt_file_write(in_dir("new"), "more than ten bytes", 19, 0644, NULL), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_text(in_dir("old"), "old");
    assert_int_equal(count_entries(test_dir), 2);
}

static void owners_are_taken_over(void **state)
{
    struct stat st;

    (void)state;
    if (getuid() != 0)
        skip();
    assert_int_equal(chown(test_dir, 12345, 23456), 0);
    assert_int_equal(vt_file_write(in_dir("file"), "x", 1, 0600, test_dir), 0);
    assert_int_equal(stat(in_dir("file"), &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    put_text(in_dir("other"), "x");
    assert_int_equal(vt_path_chown_like(in_dir("other"), test_dir), 0);
    assert_int_equal(stat(in_dir("other"), &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    /* never what a link points to */
    assert_int_equal(symlink("/etc/passwd", in_dir("link")), 0);
    assert_int_equal(vt_path_chown_like(in_dir("link"), test_dir), -ELOOP);
    assert_int_equal(vt_path_chown_like(in_dir("none"), test_dir), -ENOENT);
}

static void directories_are_made(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(vt_mkdirs(in_dir("a/b/c"), 0750), 0);
    assert_int_equal(stat(in_dir("a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(vt_mkdirs(in_dir("a/b/c/"), 0755), 0);
    assert_int_equal(vt_mkdirs(in_dir("a//d//"), 0755), 0);
    assert_true(vt_path_exists(in_dir("a/d")));
    assert_int_equal(vt_mkdirs("/", 0755), 0);
    assert_int_equal(vt_mkdirs("", 0755), -ENOENT);
    put_text(in_dir("file"), "x");
    assert_int_equal(vt_mkdirs(in_dir("file/below"), 0755), -ENOTDIR);
    /* a dangling link exists too */
    assert_int_equal(symlink("nowhere", in_dir("link")), 0);
    assert_true(vt_path_exists(in_dir("link")));
    assert_false(vt_path_exists(in_dir("none")));
    assert_int_equal(vt_path_sync(test_dir), 0);
    assert_int_equal(vt_path_sync(in_dir("none")), -ENOENT);
}

/* A child that takes the lock and keeps it until it is killed. */
static pid_t lock_in_child(const char *path, const char *holder)
{
    int pipe_fds[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *other = NULL;
        int fd = vt_lock_take(path, holder, NULL, &other);

        (void)!write(pipe_fds[1], fd >= 0 ? "y" : "n", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    return pid;
}

static void end_child(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_lock_names_its_holder(void **state)
{
    VT_AUTO_FREE char *holder = NULL;
    const char *path = in_dir("lock");
    pid_t pid = lock_in_child(path, "the child\n");

    (void)state;
    assert_int_equal(vt_lock_take(path, "me\n", NULL, &holder), -EWOULDBLOCK);
    assert_string_equal(holder, "the child\n");
    assert_text(path, "the child\n");
    end_child(pid);
}

static void a_lock_goes_with_its_holder(void **state)
{
    VT_AUTO_FREE char *holder = NULL;
    const char *path = in_dir("lock");
    VT_AUTO_CLOSE int fd = -1;

    (void)state;
    end_child(lock_in_child(path, "a child with a long name\n"));
    fd = vt_lock_take(path, "me\n", test_dir, &holder);
    assert_true(fd >= 0);
    assert_null(holder);
    assert_text(path, "me\n");
}

/* A child that asks again and again, holding on each time for longer than it could take. */
static pid_t ask_in_child(const char *path, int held_ms, int pause_ms)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    /* not for ever: a test that fails leaves us alone */
    for (int i = 0; i < 1000; i++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        (void)flock(fd, LOCK_SH | LOCK_NB);
        (void)poll(NULL, 0, held_ms);
        (void)close(fd);
        (void)poll(NULL, 0, pause_ms);
    }
    _exit(0);
}

static void who_asks_is_in_nobodys_way(void **state)
{
    const char *path = in_dir("lock");
    pid_t pid;

    (void)state;
    assert_false(vt_lock_is_held(path));
    put_text(path, "the last one\n");
    assert_false(vt_lock_is_held(path));
    pid = ask_in_child(path, 4, 8);
    for (int i = 0; i < 30; i++) {
        VT_AUTO_FREE char *holder = NULL;
        int fd = vt_lock_take(path, "me\n", NULL, &holder);

        assert_true(fd >= 0);
        assert_true(vt_lock_is_held(path));
        (void)close(fd);
        (void)poll(NULL, 0, 3);
    }
    end_child(pid);
    assert_text(path, "me\n");
}

static void a_lock_is_no_link(void **state)
{
    VT_AUTO_FREE char *holder = NULL;

    (void)state;
    put_text(in_dir("precious"), "untouched");
    assert_int_equal(symlink("precious", in_dir("lock")), 0);
    assert_int_equal(vt_lock_take(in_dir("lock"), "me\n", NULL, &holder), -ELOOP);
    assert_text(in_dir("precious"), "untouched");
    assert_int_equal(vt_lock_take(in_dir("none/lock"), "me\n", NULL, &holder), -ENOENT);
}

static void leftovers_are_removed(void **state)
{
    static const char *const gone[] = {"mac.part-aB3dE6", "below/state.json.part-000000"};
    static const char *const kept[] = {"mac", "x.part-12345", "y.part-1234567", "z.parts-12345",
                                       "below/a.part-aB3dE6.b"};

    (void)state;
    assert_int_equal(mkdir(in_dir("below"), 0755), 0);
    assert_int_equal(mkdir(in_dir("directory.part-aB3dE6"), 0755), 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(gone); i++)
        put_text(in_dir(gone[i]), "half of it");
    for (size_t i = 0; i < VT_ARRAY_SIZE(kept); i++)
        put_text(in_dir(kept[i]), "x");
    assert_int_equal(symlink("mac", in_dir("link.part-aB3dE6")), 0);
    vt_file_remove_leftovers(test_dir);
    for (size_t i = 0; i < VT_ARRAY_SIZE(gone); i++)
        assert_false(vt_path_exists(in_dir(gone[i])));
    for (size_t i = 0; i < VT_ARRAY_SIZE(kept); i++)
        assert_text(in_dir(kept[i]), "x");
    assert_true(vt_path_exists(in_dir("directory.part-aB3dE6")));
    vt_file_remove_leftovers(in_dir("nowhere"));
}

static void a_volatile_write_replaces_the_whole_too(void **state)
{
    (void)state;
    put_text(in_dir("file"), "what was there before is longer");
    /* what somebody who was killed left */
    put_text(in_dir("file.part"), "half of");
    assert_int_equal(vt_file_write_volatile(in_dir("file"), "new", 3, 0640), 0);
    assert_text(in_dir("file"), "new");
    assert_false(vt_path_exists(in_dir("file.part")));
    assert_true(vt_file_write_volatile(in_dir("no/file"), "new", 3, 0640) == -ENOENT);
}

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(vt_mkdirs(in_dir("tree/a/b"), 0700), 0);
    assert_int_equal(mkdir(in_dir("other"), 0700), 0);
    put_text(in_dir("tree/a/file"), "x");
    put_text(in_dir("other/file"), "x");
    assert_int_equal(symlink("../other", in_dir("tree/link")), 0);
    vt_remove_tree(in_dir("tree"));
    assert_false(vt_path_exists(in_dir("tree")));
    assert_true(vt_path_exists(in_dir("other/file")));
    /* and nothing is nothing */
    vt_remove_tree(in_dir("tree"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(read_has_a_limit),
        cmocka_unit_test(read_needs_no_size),
        IN_DIR(read_says_why_not),
        IN_DIR(write_replaces_the_whole),
        IN_DIR(write_follows_no_link),
        IN_DIR(a_failed_write_leaves_nothing),
        IN_DIR(owners_are_taken_over),
        IN_DIR(directories_are_made),
        IN_DIR(a_volatile_write_replaces_the_whole_too),
        IN_DIR(a_tree_is_removed_and_links_are_not_followed),
        IN_DIR(a_lock_names_its_holder),
        IN_DIR(a_lock_goes_with_its_holder),
        IN_DIR(who_asks_is_in_nobodys_way),
        IN_DIR(a_lock_is_no_link),
        IN_DIR(leftovers_are_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
