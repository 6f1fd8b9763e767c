/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/mac.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/files.h"

static const struct {
    const char *text;
    const char *mac; /* NULL: refused */
} macs[] = {
    {"52:54:00:ab:cd:ef", "52:54:00:ab:cd:ef"},
    {"52:54:00:AB:CD:EF", "52:54:00:ab:cd:ef"},
    {"", NULL},
    {"52:54:00:ab:cd", NULL},
    {"52:54:00:ab:cd:ef:01", NULL},
    {"52-54-00-ab-cd-ef", NULL},
    {"52:54:00:ab:cd:eg", NULL},
    {"5:254:00:ab:cd:ef", NULL},
    {":::::::::::::::::", NULL},
    {"01:00:5e:00:00:01", NULL},
    {"ff:ff:ff:ff:ff:ff", NULL},
    {"00:00:00:00:00:00", NULL},
};

static void macs_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(macs); i++) {
        char mac[VT_MAC_TEXT] = "before";

        assert_int_equal(vt_mac_parse(macs[i].text, mac), macs[i].mac ? 0 : -EINVAL);
        assert_string_equal(mac, macs[i].mac ? macs[i].mac : "before");
    }
}

static int make_dir(void **state)
{
    char *dir = vt_strdup("/tmp/vt-mac-XXXXXX");

    if (!mkdtemp(dir))
        return -1;
    *state = dir;
    return 0;
}

static int remove_dir(void **state)
{
    VT_AUTO_FREE char *dir = *state;
    VT_AUTO_FREE char *path = vt_fmt("%s/mac", dir);

    (void)unlink(path);
    return rmdir(dir);
}

static void one_is_made_and_kept(void **state)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/mac", (char *)*state);
    char first[VT_MAC_TEXT], second[VT_MAC_TEXT];

    assert_int_equal(vt_mac_load(path, *state, first, NULL), 0);
    assert_true(vt_startswith(first, "52:54:00:"));
    assert_int_equal(vt_mac_load(path, *state, second, NULL), 0);
    assert_string_equal(first, second);
}

static void a_damaged_file_is_an_error(void **state)
{
    static const char *const contents[] = {
        "", "\n", "hello\n",
        "52:54:00:12:34:56:78 and much more than any file with a MAC address in it would have\n"};
    VT_AUTO_FREE char *path = vt_fmt("%s/mac", (char *)*state);

    for (size_t i = 0; i < VT_ARRAY_SIZE(contents); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        char mac[VT_MAC_TEXT];

        assert_int_equal(vt_file_write(path, contents[i], strlen(contents[i]), 0644, NULL), 0);
        assert_int_equal(vt_mac_load(path, NULL, mac, &err), -EINVAL);
        assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
        assert_non_null(strstr(err.msg, path));
    }
}

static void nowhere_to_keep_it_is_an_error(void **state)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/missing/mac", (char *)*state);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char mac[VT_MAC_TEXT];

    assert_int_equal(vt_mac_load(path, NULL, mac, &err), -ENOENT);
    assert_int_equal(err.cause, VT_CAUSE_DATA_DIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macs_are_parsed),
        cmocka_unit_test_setup_teardown(one_is_made_and_kept, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_an_error, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(nowhere_to_keep_it_is_an_error, make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
