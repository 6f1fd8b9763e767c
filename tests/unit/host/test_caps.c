/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/caps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"
#include "host/files.h"
#include "host/spawn.h"

/* The mask on line @name of @status. */
static uint64_t mask_in(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    assert_non_null(line);
    return strtoull(line + strlen(name), NULL, 16);
}

static void effective_is_what_the_kernel_says(void **state)
{
    VT_AUTO_FREE char *status = NULL;

    (void)state;
    assert_int_equal(vt_file_read("/proc/self/status", 65536, &status, NULL), 0);
    assert_int_equal(vt_caps_effective(), mask_in(status, "CapEff:"));
}

static void children_get_what_they_can_use(void **state)
{
    static const char *const argv[] = {"cat", "/proc/self/status", NULL};
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);
    VT_AUTO_FREE char *ours = NULL;
    uint64_t bound;

    (void)state;
    assert_int_equal(vt_file_read("/proc/self/status", 65536, &ours, NULL), 0);
    assert_int_equal(vt_run(argv, &out, NULL, -1, 10000, &err), 0);
    bound = mask_in(ours, "CapBnd:");
    /* Without the right to, nothing is taken, and nothing fails. */
    if (vt_caps_effective() & VT_CAP(CAP_SETPCAP))
        bound &= VT_CAPS_OF_CHILDREN;
    assert_int_equal(mask_in(vt_buf_str(&out), "CapBnd:"), bound);
    assert_int_equal(mask_in(vt_buf_str(&out), "CapEff:") & ~bound, 0);
    assert_int_equal(VT_CAPS_OF_CHILDREN & VT_CAP(CAP_SYS_ADMIN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effective_is_what_the_kernel_says),
        cmocka_unit_test(children_get_what_they_can_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
