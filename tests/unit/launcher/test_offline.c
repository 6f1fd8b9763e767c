/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/offline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../tempdir.h"
#include "base/str.h"
#include "host/files.h"

#define UUID "f0b1c2d3-0011-4233-8455-66778899aabb"

static int look(struct vt_status *ret)
{
    return vt_offline_status(in_dir("."), "vm", ret);
}

static void nothing_is_no_guest(void **state)
{
    struct vt_status status = {0};

    (void)state;
    assert_int_equal(look(&status), -ENOENT);
    assert_int_equal(vt_mkdirs(in_dir(".virtainer"), 0700), 0);
    put_text(in_dir(".virtainer/uuid"), UUID "\n");
    assert_int_equal(look(&status), -ENOENT);
}

static void assert_is(enum vt_phase phase)
{
    VT_AUTO_STATUS struct vt_status status = {0};

    assert_int_equal(look(&status), 0);
    assert_int_equal(status.phase, phase);
    assert_string_equal(status.name, "vm");
    assert_string_equal(status.uuid, UUID);
    assert_true(status.since > 1700000000);
}

static void a_disk_is_a_guest(void **state)
{
    char *holder = NULL;
    int lock;

    (void)state;
    assert_int_equal(vt_mkdirs(in_dir(".virtainer"), 0700), 0);
    put_text(in_dir(".virtainer/uuid"), UUID "\n");
    put_text(in_dir("local_image.qcow2"), "disk");
    assert_is(VT_PHASE_STOPPED);
    /* Whoever had it, nobody has it now; and looking takes it from nobody. */
    lock = vt_lock_take(in_dir(".virtainer/lock"), "me", NULL, &holder);
    assert_true(lock >= 0);
    assert_is(VT_PHASE_RUNNING);
    (void)close(lock);
    assert_is(VT_PHASE_STOPPED);
    assert_int_equal(vt_mkdirs(in_dir(".virtainer/saved"), 0700), 0);
    assert_is(VT_PHASE_SAVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(nothing_is_no_guest),
        IN_DIR(a_disk_is_a_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
