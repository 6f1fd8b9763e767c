/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/guest_clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"

static const char *const removed[] = {
    "root/.ssh/authorized_keys",        "home/debian/.ssh/authorized_keys",
    "home/a b/.ssh/authorized_keys",    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
};
static const char *const kept[] = {
    "root/.ssh/id_ed25519",
    "home/debian/notes",
    "etc/ssh/sshd_config",
};

static void put(const char *name)
{
    VT_AUTO_FREE char *path = vt_strdup(in_dir(name));

    *strrchr(path, '/') = '\0';
    assert_int_equal(vt_mkdirs(path, 0755), 0);
    put_text(in_dir(name), "text\n");
}

static void put_program(const char *name, const char *script)
{
    put(name);
    put_text(in_dir(name), script);
    assert_int_equal(chmod(in_dir(name), 0755), 0);
}

/* Run it on the test's directory as the guest's root, with programs in "bin". */
static int clean(void)
{
    const char *argv[VT_GUEST_CLEAN_ARGS];

    vt_guest_clean_argv(in_dir("."), argv);
    return vt_run(argv, NULL, NULL, -1, 10000, NULL);
}

static int setup(void **state)
{
    VT_AUTO_FREE char *path = NULL;

    if (make_test_dir(state) < 0)
        return -1;
    for (size_t i = 0; i < VT_ARRAY_SIZE(removed); i++)
        put(removed[i]);
    for (size_t i = 0; i < VT_ARRAY_SIZE(kept); i++)
        put(kept[i]);
    put("etc/machine-id");
    put("var/lib/dbus/machine-id");
    put_program("bin/id", "#!/bin/sh\necho \"${UID_THERE:-0}\"\n");
    put_program("bin/cloud-init", "#!/bin/sh\necho \"$@\" >\"${0%/*}/../said\"\n");
    path = vt_fmt("%s:/usr/bin:/bin", in_dir("bin"));
    return setenv("PATH", path, 1);
}

static void assert_nothing_changed(void)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(removed); i++)
        assert_text(in_dir(removed[i]), "text\n");
    assert_text(in_dir("etc/machine-id"), "text\n");
}

static void assert_clean(void)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(removed); i++)
        assert_false(vt_path_exists(in_dir(removed[i])));
    for (size_t i = 0; i < VT_ARRAY_SIZE(kept); i++)
        assert_text(in_dir(kept[i]), "text\n");
    assert_text(in_dir("etc/machine-id"), "");
    assert_false(vt_path_exists(in_dir("var/lib/dbus/machine-id")));
    assert_text(in_dir("said"), "clean --logs --seed\n");
}

static void it_forgets(void **state)
{
    (void)state;
    assert_int_equal(clean(), 0);
    assert_clean();
    /* Again, as after an interruption. */
    assert_int_equal(clean(), 0);
    assert_clean();
}

/* Debian's, and a guest without systemd. */
static void odd_machine_ids(void **state)
{
    (void)state;
    assert_int_equal(unlink(in_dir("var/lib/dbus/machine-id")), 0);
    assert_int_equal(symlink("/etc/machine-id", in_dir("var/lib/dbus/machine-id")), 0);
    assert_int_equal(unlink(in_dir("etc/machine-id")), 0);
    assert_int_equal(clean(), 0);
    assert_false(vt_path_exists(in_dir("etc/machine-id")));
    assert_int_equal(unlink(in_dir("var/lib/dbus/machine-id")), 0);
}

static void a_user_becomes_root(void **state)
{
    (void)state;
    assert_int_equal(setenv("UID_THERE", "1000", 1), 0);
    put_program("bin/sudo", "#!/bin/sh\nexit 1\n");
    assert_int_equal(clean(), VT_CLEAN_NOT_ROOT);
    assert_nothing_changed();
    put_program("bin/sudo", "#!/bin/sh\n[ \"$1\" = -n ] || exit 7\nshift\nexec \"$@\"\n");
    assert_int_equal(clean(), 0);
    assert_clean();
    assert_int_equal(unsetenv("UID_THERE"), 0);
}

static void without_cloud_init(void **state)
{
    (void)state;
    put_program("bin/cloud-init", "#!/bin/sh\nexit 2\n");
    assert_int_equal(clean(), VT_CLEAN_FAILED);
    assert_nothing_changed();
    assert_int_equal(unlink(in_dir("bin/cloud-init")), 0);
    assert_int_equal(clean(), VT_CLEAN_NO_CLOUD_INIT);
    assert_nothing_changed();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_forgets),
        TEST(odd_machine_ids),
        TEST(a_user_becomes_root),
        TEST(without_cloud_init),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
