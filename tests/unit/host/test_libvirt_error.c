/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/libvirt_error.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void be_silent(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static void libvirts_reason_is_added(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    virConnectPtr conn = virConnectOpen("test:///default");

    (void)state;
    assert_non_null(conn);
    virSetErrorFunc(NULL, be_silent);
    assert_null(virDomainLookupByName(conn, "nobody"));
    assert_int_equal(vt_error_libvirt(&err, VT_CAUSE_LIBVIRT, "cannot find %s", "it"), -EIO);
    assert_string_equal(err.msg, "cannot find it: Domain not found");
    assert_int_equal(err.cause, VT_CAUSE_LIBVIRT);
    assert_int_equal(virGetLastErrorCode(), VIR_ERR_OK);
    (void)virConnectClose(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libvirts_reason_is_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
