/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/data_dir.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

/* A data directory lives as long as the process; here it does not. */
static void let_go(struct vt_data_dir *dir)
{
    free(dir->path);
    free(dir->state);
    free(dir->last_holder);
    vt_closep(&dir->lock);
}

#define AUTO_DATA_DIR VT_CLEANUP(let_go)

static void assert_opens(struct vt_data_dir *dir, const char *path)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    if (vt_data_dir_open(dir, path, &err) != 0)
        fail_msg("%s", err.msg);
}

/* Assert that it cannot be opened, for @cause, and said so in these words. */
static void assert_refused(const char *path, enum vt_cause cause, const char *message)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    AUTO_DATA_DIR struct vt_data_dir data;

    assert_true(vt_data_dir_open(&data, path, &err) < 0);
    assert_string_equal(err.msg, message);
    assert_int_equal(err.cause, cause);
}

static void a_fresh_one_is_made(void **state)
{
    AUTO_DATA_DIR struct vt_data_dir data;
    VT_AUTO_FREE char *file = NULL;
    struct stat st, parent;

    (void)state;
    if (getuid() == 0)
        assert_int_equal(chown(test_dir, 12345, 23456), 0);
    assert_opens(&data, test_dir);
    assert_true(data.fresh);
    assert_string_equal(data.path, test_dir);
    assert_true(vt_path_exists(in_dir(".virtainer/lock")));
    file = vt_data_dir_file(&data, "x");
    assert_string_equal(file, in_dir(".virtainer/x"));
    /* who owns the directory can read and remove what is in it */
    assert_int_equal(stat(test_dir, &parent), 0);
    assert_int_equal(stat(in_dir(".virtainer"), &st), 0);
    assert_int_equal(st.st_uid, parent.st_uid);
    assert_int_equal(stat(in_dir(".virtainer/lock"), &st), 0);
    assert_int_equal(st.st_uid, parent.st_uid);
    assert_int_equal(st.st_mode & 0777, 0644);
}

static void a_missing_one_is_made(void **state)
{
    AUTO_DATA_DIR struct vt_data_dir data;

    (void)state;
    assert_opens(&data, in_dir("a/b"));
    assert_true(vt_path_exists(in_dir("a/b/.virtainer/lock")));
}

static void abandon_leaves_nothing_of_a_fresh_one(void **state)
{
    AUTO_DATA_DIR struct vt_data_dir data;

    (void)state;
    put_text(in_dir("theirs"), "x");
    assert_opens(&data, test_dir);
    assert_int_equal(mkdir(in_dir(".virtainer/below"), 0755), 0);
    put_text(in_dir(".virtainer/below/file"), "x");
    assert_int_equal(symlink("../theirs", in_dir(".virtainer/link")), 0);
    vt_data_dir_abandon(&data);
    assert_false(vt_path_exists(in_dir(".virtainer")));
    assert_text(in_dir("theirs"), "x");
    vt_data_dir_abandon(&data);
}

static void abandon_keeps_what_was_there(void **state)
{
    (void)state;
    {
        AUTO_DATA_DIR struct vt_data_dir data;

        assert_opens(&data, test_dir);
        put_text(in_dir(".virtainer/precious"), "x");
    }
    {
        AUTO_DATA_DIR struct vt_data_dir data;

        assert_opens(&data, test_dir);
        assert_false(data.fresh);
        vt_data_dir_abandon(&data);
    }
    assert_text(in_dir(".virtainer/precious"), "x");
}

/* A child that holds the data directory until it is killed. */
static pid_t hold_in_child(void)
{
    int pipe_fds[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct vt_data_dir data;

        (void)!write(pipe_fds[1], vt_data_dir_open(&data, test_dir, NULL) == 0 ? "y" : "n", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    return pid;
}

static void one_holds_it(void **state)
{
    VT_AUTO_FREE char *hostname = NULL;
    VT_AUTO_FREE char *message = NULL;
    AUTO_DATA_DIR struct vt_data_dir data = {.lock = -1};
    pid_t pid = hold_in_child();

    (void)state;
    assert_int_equal(vt_file_read("/proc/sys/kernel/hostname", 256, &hostname, NULL), 0);
    hostname[strcspn(hostname, "\n")] = '\0';
    message = vt_fmt("the data directory %s is held by another virtainer (container %s, process "
                     "%d): stop that one, or mount another directory",
                     test_dir, hostname, pid);
    assert_refused(test_dir, VT_CAUSE_DATA_BUSY, message);
    assert_true(vt_path_exists(in_dir(".virtainer/lock")));
    /* it goes with its holder, however that ends */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_opens(&data, test_dir);
}

static void a_killed_start_leaves_nothing_half_written(void **state)
{
    (void)state;
    {
        AUTO_DATA_DIR struct vt_data_dir data;

        assert_opens(&data, test_dir);
        put_text(in_dir(".virtainer/mac.part-aB3dE6"), "52:54");
        put_text(in_dir(".virtainer/mac"), "x");
    }
    {
        AUTO_DATA_DIR struct vt_data_dir data;

        assert_opens(&data, test_dir);
        assert_false(vt_path_exists(in_dir(".virtainer/mac.part-aB3dE6")));
        assert_text(in_dir(".virtainer/mac"), "x");
    }
}

static void the_version_is_kept(void **state)
{
    AUTO_DATA_DIR struct vt_data_dir data;

    (void)state;
    assert_opens(&data, test_dir);
    assert_false(vt_path_exists(in_dir(".virtainer/version")));
    assert_int_equal(vt_data_dir_mark(&data, NULL), 0);
    assert_text(in_dir(".virtainer/version"), "1\n");
}

/* Refused with @message, and left as it is. */
static void assert_version_refused(const char *text, const char *message)
{
    put_text(in_dir(".virtainer/version"), text);
    assert_refused(test_dir, VT_CAUSE_DATA_DIR, message);
    assert_text(in_dir(".virtainer/version"), text);
    assert_text(in_dir(".virtainer/lock"), "whoever\n");
    assert_true(vt_path_exists(in_dir(".virtainer/mac.part-aB3dE6")));
}

static void a_newer_version_is_refused(void **state)
{
    VT_AUTO_FREE char *message = NULL;

    (void)state;
    assert_int_equal(mkdir(in_dir(".virtainer"), 0755), 0);
    put_text(in_dir(".virtainer/lock"), "whoever\n");
    put_text(in_dir(".virtainer/mac.part-aB3dE6"), "of who knows whom");
    message = vt_fmt("a newer virtainer has used the data directory %s (its layout is version 2, "
                     "this virtainer knows 1): use that one, or another directory",
                     test_dir);
    assert_version_refused("2\n", message);
}

static void a_version_that_is_none(void **state)
{
    static const char *const texts[] = {
        "", "\n", "0\n", "one\n", "-1\n", "1 2\n", "99999999999999999999999\n"};
    VT_AUTO_FREE char *message =
        vt_fmt("%s/.virtainer/version holds no version number; if no newer virtainer has used the "
               "data directory %s, remove that file",
               test_dir, test_dir);

    (void)state;
    assert_int_equal(mkdir(in_dir(".virtainer"), 0755), 0);
    put_text(in_dir(".virtainer/lock"), "whoever\n");
    put_text(in_dir(".virtainer/mac.part-aB3dE6"), "of who knows whom");
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++)
        assert_version_refused(texts[i], message);
}

static void what_is_no_directory(void **state)
{
    VT_AUTO_FREE char *message = NULL;

    (void)state;
    put_text(in_dir("file"), "x");
    message =
        vt_fmt("the data directory %s is not a directory: mount a directory there", in_dir("file"));
    assert_refused(in_dir("file"), VT_CAUSE_DATA_DIR, message);
    assert_text(in_dir("file"), "x");
    free(message);
    message = vt_fmt("the data directory %s is not a directory: mount a directory there",
                     in_dir("file/below"));
    assert_refused(in_dir("file/below"), VT_CAUSE_DATA_DIR, message);
}

/* Mount a file system of our own on @path, where only we see it; skips where that is forbidden. */
static void mount_here(const char *path, unsigned long flags, const char *options)
{
    assert_int_equal(mkdir(path, 0755), 0);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", path, "tmpfs", flags, options) < 0)
        skip();
}

static void a_read_only_one(void **state)
{
    const char *path = in_dir("data");
    VT_AUTO_FREE char *message =
        vt_fmt("the data directory %s is read-only: mount a writable directory there "
               "(-v HOST_DIRECTORY:%s), without :ro",
               path, path);

    (void)state;
    mount_here(path, MS_RDONLY, NULL);
    assert_refused(path, VT_CAUSE_DATA_DIR, message);
    (void)umount(path);
}

static void fill_up(const char *path)
{
    char block[4096] = "";
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    while (write(fd, block, sizeof(block)) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    (void)close(fd);
}

static void a_full_one(void **state)
{
    const char *path = in_dir("data");
    VT_AUTO_FREE char *message =
        vt_fmt("the file system of the data directory %s is full: free some space", path);

    (void)state;
    mount_here(path, 0, "size=64k");
    fill_up(in_dir("data/full"));
    assert_refused(path, VT_CAUSE_DATA_FULL, message);
    /* nothing was left there */
    assert_int_equal(count_entries(path), 1);
    (void)umount(path);
}

static void the_uuid_is_kept(void **state)
{
    VT_AUTO_FREE char *first = NULL;
    VT_AUTO_FREE char *second = NULL;
    AUTO_DATA_DIR struct vt_data_dir data;
    VT_AUTO_FREE char *line = NULL;

    (void)state;
    assert_opens(&data, test_dir);
    assert_int_equal(vt_data_dir_uuid(&data, &first, NULL), 0);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(vt_data_dir_uuid(&data, &second, NULL), 0);
    assert_string_equal(first, second);
    line = vt_fmt("%s\n", first);
    assert_text(in_dir(".virtainer/uuid"), line);
}

static void a_uuid_that_is_none(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "x\n",
                                        "f0b1c2d3-0011-4233-8455-66778899aab\n",
                                        "F0B1C2D3-0011-4233-8455-66778899AABB\n",
                                        "f0b1c2d3-0011-4233-8455-66778899aabb0\n"};
    AUTO_DATA_DIR struct vt_data_dir data;

    (void)state;
    assert_opens(&data, test_dir);
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *uuid = NULL;

        put_text(in_dir(".virtainer/uuid"), texts[i]);
        if (vt_data_dir_uuid(&data, &uuid, &err) != -EBADMSG)
            fail_msg("text %zu was taken", i);
        assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
        assert_non_null(strstr(err.msg, "/uuid holds no UUID; remove it"));
        assert_text(in_dir(".virtainer/uuid"), texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_fresh_one_is_made),
        IN_DIR(a_missing_one_is_made),
        IN_DIR(abandon_leaves_nothing_of_a_fresh_one),
        IN_DIR(abandon_keeps_what_was_there),
        IN_DIR(one_holds_it),
        IN_DIR(a_killed_start_leaves_nothing_half_written),
        IN_DIR(the_version_is_kept),
        IN_DIR(a_newer_version_is_refused),
        IN_DIR(a_version_that_is_none),
        IN_DIR(what_is_no_directory),
        IN_DIR(a_read_only_one),
        IN_DIR(a_full_one),
        IN_DIR(the_uuid_is_kept),
        IN_DIR(a_uuid_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
