/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/namespace.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* What another process is told, in a namespace of its own or in this one. */
static int told_another(bool own_namespace)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(own_namespace && unshare(CLONE_NEWNET) < 0 ? EPERM : -vt_namespace_take(NULL));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void one_virtainer_has_it_until_its_end(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        skip();
    assert_int_equal(told_another(false), 0);
    assert_int_equal(told_another(false), 0);
    assert_int_equal(vt_namespace_take(&err), 0);
    assert_int_equal(told_another(false), EBUSY);
    assert_int_equal(told_another(true), 0);
    assert_int_equal(vt_namespace_take(&err), -EBUSY);
    assert_non_null(strstr(err.msg, "another virtainer runs in this network namespace"));
    assert_int_equal(err.cause, VT_CAUSE_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_virtainer_has_it_until_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
