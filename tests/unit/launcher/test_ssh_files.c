/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/ssh_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"
#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr+QuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1I"

/* The data directory of a test: .virtainer is there, and nothing in it. */
static struct vt_data_dir data_dir(void)
{
    struct vt_data_dir dir = {.path = (char *)in_dir(""), .state = (char *)in_dir(".virtainer")};

    (void)mkdir(dir.state, 0755);
    return dir;
}

static char *own_key(const struct vt_data_dir *dir)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char *key = NULL;

    if (vt_ssh_own_key(dir, -1, &key, &err) < 0)
        fail_msg("%s", err.msg);
    return key;
}

static void assert_mode(const char *path, mode_t mode)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void a_key_is_made_once(void **state)
{
    struct vt_data_dir dir = data_dir();
    VT_AUTO_FREE char *first = own_key(&dir);
    VT_AUTO_FREE char *second = own_key(&dir);

    (void)state;
    assert_true(vt_startswith(first, "ssh-ed25519 AAAA"));
    assert_non_null(strstr(first, " virtainer"));
    assert_string_equal(first, second);
    assert_mode(in_dir(".virtainer/ssh"), 0700);
    assert_mode(in_dir(".virtainer/ssh/id_ed25519"), 0600);
    assert_false(vt_path_exists(in_dir(".virtainer/ssh/id_ed25519.new")));
    assert_false(vt_path_exists(in_dir(".virtainer/ssh/id_ed25519.new.pub")));
}

/* Whatever an end at any moment leaves behind, a whole pair is made of it. */
static void what_was_cut_off_is_made_again(void **state)
{
    static const struct {
        const char *name;
        const char *text; /* NULL: it is not there */
    } damages[] = {
        {"id_ed25519", NULL},       {"id_ed25519", ""},
        {"id_ed25519.pub", NULL},   {"id_ed25519.pub", "ssh-ed25519 AAAA"},
        {"id_ed25519.new", "half"}, {"id_ed25519.new.pub", "half"},
    };
    struct vt_data_dir dir = data_dir();

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(damages); i++) {
        VT_AUTO_FREE char *before = own_key(&dir);
        VT_AUTO_FREE char *path = vt_ssh_file(&dir, damages[i].name);
        VT_AUTO_FREE char *after = NULL, *again = NULL;
        bool kept = strstr(damages[i].name, ".new") != NULL;

        assert_int_equal(unlink(path), kept ? -1 : 0);
        if (damages[i].text)
            put_text(path, damages[i].text);
        after = own_key(&dir);
        again = own_key(&dir);
        assert_string_equal(after, again);
        assert_int_equal(vt_streq(before, after), kept);
        (void)unlink(path);
    }
}

static void keep(const struct vt_data_dir *dir, const char *key, const char *instance, bool changed)
{
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys keys = {.count = 0};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    bool is_changed = !changed;

    assert_true(vt_host_keys_add(&keys, key, strlen(key)));
    assert_int_equal(vt_ssh_keep_hosts(dir, &keys, "192.168.100.100", instance, &is_changed, &err),
                     0);
    assert_int_equal(is_changed, changed);
}

static void host_keys_are_kept_for_an_instance(void **state)
{
    struct vt_data_dir dir = data_dir();
    VT_AUTO_FREE char *path = vt_ssh_file(&dir, "known_hosts");
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    keep(&dir, ED25519, "one", false);
    keep(&dir, RSA, "one", false);
    keep(&dir, ED25519, "one", false);
    assert_int_equal(vt_file_read(path, 65536, &text, NULL), 0);
    assert_non_null(strstr(text, ED25519));
    assert_non_null(strstr(text, RSA));
    keep(&dir, OTHER, "one", true);
    keep(&dir, ED25519, "two", false);
    vt_str_replace(&text, NULL);
    assert_int_equal(vt_file_read(path, 65536, &text, NULL), 0);
    assert_null(strstr(text, RSA));
    vt_ssh_forget_hosts(&dir);
    assert_false(vt_path_exists(path));
    put_text(path, "rubbish\n\n \n");
    keep(&dir, OTHER, "two", false);
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

/* Writing waits for the disk, and a guest may tell its keys as often as it likes. */
static void what_is_known_is_not_written_again(void **state)
{
    struct vt_data_dir dir = data_dir();
    VT_AUTO_FREE char *path = vt_ssh_file(&dir, "known_hosts");
    ino_t inode;

    (void)state;
    keep(&dir, ED25519, "one", false);
    inode = inode_of(path);
    keep(&dir, ED25519, "one", false);
    assert_int_equal(inode_of(path), inode);
    keep(&dir, RSA, "one", false);
    assert_int_not_equal(inode_of(path), inode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_is_made_once, make_test_dir, remove_test_dir),
        cmocka_unit_test_setup_teardown(what_was_cut_off_is_made_again, make_test_dir,
                                        remove_test_dir),
        cmocka_unit_test_setup_teardown(host_keys_are_kept_for_an_instance, make_test_dir,
                                        remove_test_dir),
        IN_DIR(what_is_known_is_not_written_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
