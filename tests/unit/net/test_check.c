/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/check_priv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/files.h"

#define WITH_ADMIN    "Name:\tx\nCapEff:\t00000000a80435fb\n"
#define WITHOUT_ADMIN "Name:\tx\nCapEff:\t00000000a80425fb\n"

static int make_dir(void **state)
{
    char *dir = vt_strdup("/tmp/vt-check-XXXXXX");

    if (!mkdtemp(dir))
        return -1;
    *state = dir;
    return 0;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"status", "host", "tun", "forward"};
    VT_AUTO_FREE char *dir = *state;

    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", dir, names[i]);

        (void)unlink(path);
    }
    return rmdir(dir);
}

static void put(const char *path, const char *text)
{
    if (text)
        assert_int_equal(vt_file_write(path, text, strlen(text), 0644, NULL), 0);
}

/* Containers by what their files say (NULL: not there), and the flag that the error must name
 * (NULL: no error). */
static const struct {
    const char *status, *host, *tun, *forward;
    const char *flag;
} cases[] = {
    {WITH_ADMIN, NULL, "", "1\n", NULL},
    {WITH_ADMIN, NULL, "", "0\n", NULL}, /* it can be switched on */
    {WITHOUT_ADMIN, NULL, "", "1\n", "--cap-add NET_ADMIN"},
    {"Name:\tx\n", NULL, "", "1\n", "--cap-add NET_ADMIN"},
    {WITH_ADMIN, "64", "", "1\n", "without --network host"},
};

static void each_lack_names_its_flag(void **state)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *status = vt_fmt("%s/status", (char *)*state);
        VT_AUTO_FREE char *host = vt_fmt("%s/host", (char *)*state);
        VT_AUTO_FREE char *tun = vt_fmt("%s/tun", (char *)*state);
        VT_AUTO_FREE char *forward = vt_fmt("%s/forward", (char *)*state);
        const struct vt_net_check_paths paths = {status, host, tun, forward};

        put(status, cases[i].status);
        put(host, cases[i].host);
        put(tun, cases[i].tun);
        put(forward, cases[i].forward);
        if (!cases[i].flag) {
            assert_int_equal(vt_net_check_at(&paths, &err), 0);
            continue;
        }
        assert_true(vt_net_check_at(&paths, &err) < 0);
        assert_int_equal(err.cause, VT_CAUSE_NETWORK);
        assert_non_null(strstr(err.msg, cases[i].flag));
    }
}

static void a_tun_device_that_cannot_be_had_names_its_flag(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *status = vt_fmt("%s/status", (char *)*state);
    VT_AUTO_FREE char *tun = vt_fmt("%s/missing/tun", (char *)*state);
    const struct vt_net_check_paths paths = {status, tun, tun, "/proc/sys/kernel/ostype"};

    put(status, WITH_ADMIN);
    assert_int_equal(vt_net_check_at(&paths, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "--device /dev/net/tun"));
}

static void forwarding_that_stays_off_names_its_flag(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *status = vt_fmt("%s/status", (char *)*state);
    VT_AUTO_FREE char *missing = vt_fmt("%s/host", (char *)*state);
    VT_AUTO_FREE char *tun = vt_fmt("%s/tun", (char *)*state);
    /* a sysctl that says something else than 1 and that not even root may write */
    const struct vt_net_check_paths read_only = {status, missing, tun, "/proc/sys/kernel/ostype"};

    put(status, WITH_ADMIN);
    put(tun, "");
    assert_int_equal(vt_net_check_at(&read_only, &err), -EROFS);
    assert_non_null(strstr(err.msg, "--sysctl net.ipv4.ip_forward=1"));
}

static void who_forwards_nothing_needs_no_forwarding(void **state)
{
    VT_AUTO_FREE char *status = vt_fmt("%s/status", (char *)*state);
    VT_AUTO_FREE char *missing = vt_fmt("%s/host", (char *)*state);
    VT_AUTO_FREE char *tun = vt_fmt("%s/tun", (char *)*state);
    const struct vt_net_check_paths paths = {status, missing, tun, NULL};

    put(status, WITH_ADMIN);
    put(tun, "");
    assert_int_equal(vt_net_check_at(&paths, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_lack_names_its_flag, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_tun_device_that_cannot_be_had_names_its_flag, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(forwarding_that_stays_off_names_its_flag, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(who_forwards_nothing_needs_no_forwarding, make_dir,
                                        remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
