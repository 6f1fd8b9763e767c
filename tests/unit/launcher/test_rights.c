/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rights.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/str.h"
#include "host/caps.h"

/* What Docker gives, what podman gives: seen in CapEff. */
#define DOCKER UINT64_C(0xa80425fb)
#define PODMAN UINT64_C(0x800405fb)

static void names_all_that_lack(void **state)
{
    static const struct {
        uint64_t have;
        bool low_ports;
        const char *flags; /* NULL: all is well */
    } cases[] = {
        {DOCKER, true, NULL},
        {PODMAN, true, NULL},
        {~UINT64_C(0), true, NULL},
        {DOCKER & ~VT_CAP(CAP_CHOWN), true, " --cap-add CHOWN"},
        {DOCKER & ~VT_CAP(CAP_DAC_OVERRIDE), true, " --cap-add DAC_OVERRIDE"},
        {DOCKER & ~VT_CAP(CAP_FOWNER), true, " --cap-add FOWNER"},
        {DOCKER & ~VT_CAP(CAP_KILL), true, " --cap-add KILL"},
        {DOCKER & ~VT_CAP(CAP_SETGID), true, " --cap-add SETGID"},
        {DOCKER & ~VT_CAP(CAP_SETPCAP), true, " --cap-add SETPCAP"},
        {DOCKER & ~VT_CAP(CAP_SETUID), true, " --cap-add SETUID"},
        {DOCKER & ~VT_CAP(CAP_NET_BIND_SERVICE), true, " --cap-add NET_BIND_SERVICE"},
        /* Nothing of these is used. */
        {DOCKER & ~(VT_CAP(CAP_MKNOD) | VT_CAP(CAP_NET_RAW) | VT_CAP(CAP_SYS_CHROOT)), true, NULL},
        {DOCKER & ~VT_CAP(CAP_NET_BIND_SERVICE), false, NULL},
        {0, false,
         " --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add KILL --cap-add SETGID "
         "--cap-add SETPCAP --cap-add SETUID"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        int r = vt_rights_check_caps(cases[i].have, cases[i].low_ports, &err);

        if (!cases[i].flags) {
            assert_int_equal(r, 0);
            continue;
        }
        assert_int_equal(r, -EPERM);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
        assert_string_equal(strstr(err.msg, " --cap-add"), cases[i].flags);
    }
}

static void qemus_user_must_exist(void **state)
{
    static const struct {
        const char *map;
        bool there;
    } cases[] = {
        {"         0          0 4294967295\n", true}, /* no namespace of its own */
        {"         0     100000      65536\n", true},
        {"         0     100000      64056\n", true},
        {"         0     100000      64055\n", false},
        {"         0       1000          1\n         1     100000      65535\n",
         true}, /* rootless */
        {"         0       1000          1\n", false},
        {"     64055       1000          1\n", true},
        {"     64056       1000        100\n", false},
        {"", false},
        {"nonsense\n", false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        int r = vt_rights_check_user(cases[i].map, 64055, "libvirt-qemu", &err);

        assert_int_equal(r, cases[i].there ? 0 : -EINVAL);
        assert_int_equal(err.msg != NULL, !cases[i].there);
        if (!cases[i].there)
            assert_non_null(strstr(err.msg, "no user 64055 (libvirt-qemu)"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_all_that_lack),
        cmocka_unit_test(qemus_user_must_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
