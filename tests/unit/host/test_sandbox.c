/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What the kernel says in the child, in its stead. */
static int refuse_unshare, refuse_mount;

int __wrap_unshare(int flags);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
                 const void *data);

int __wrap_unshare(int flags)
{
    (void)flags;
    errno = refuse_unshare;
    return refuse_unshare ? -1 : 0;
}

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
                 const void *data)
{
    (void)source;
    (void)target;
    (void)type;
    (void)flags;
    (void)data;
    errno = refuse_mount;
    return -1;
}

static void the_step_that_is_refused_is_told(void **state)
{
    enum vt_sandbox_step step = VT_SANDBOX_MOUNT;
    struct stat before, after;

    (void)state;
    refuse_unshare = ENOSPC;
    assert_int_equal(vt_sandbox_try(geteuid(), getegid(), &step), -ENOSPC);
    assert_int_equal(step, VT_SANDBOX_USER_NAMESPACE);
    refuse_unshare = 0;
    refuse_mount = EACCES;
    assert_int_equal(stat("/proc/self/ns/mnt", &before), 0);
    assert_int_equal(vt_sandbox_try(geteuid(), getegid(), &step), -EACCES);
    assert_int_equal(step, VT_SANDBOX_MOUNT);
    /* All of it was another process's. */
    assert_int_equal(stat("/proc/self/ns/mnt", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_step_that_is_refused_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
