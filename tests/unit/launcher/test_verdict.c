/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/verdict.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EXITED(status) ((status) << 8)

static const struct {
    const char *what;
    struct vt_end end;
    bool known;
    enum vt_cause cause;
    const char *says;
} cases[] = {
    {"powered off", {.powered_off = true}, true, VT_CAUSE_NONE, NULL},
    {"powered off while force was on its way",
     {.powered_off = true, .forced = true},
     true,
     VT_CAUSE_NONE,
     NULL},
    {"powered off, but QEMU crashed over it",
     {.powered_off = true, .qemu_status = SIGSEGV},
     true,
     VT_CAUSE_CRASHED,
     "signal 11"},
    {"forced", {.forced = true}, true, VT_CAUSE_FORCED, "forced off"},
    {"killed at the end of its time",
     {.forced = true, .qemu_status = SIGKILL},
     true,
     VT_CAUSE_FORCED,
     "power cut"},
    {"panicked", {.panicked = true}, true, VT_CAUSE_CRASHED, "kernel panicked"},
    {"killed by somebody", {.qemu_status = SIGKILL}, true, VT_CAUSE_CRASHED, "signal 9"},
    {"QEMU gave up", {.qemu_status = EXITED(1)}, false, VT_CAUSE_CRASHED, "status 1"},
    {"saved", {.saved = true, .qemu_status = SIGTERM}, true, VT_CAUSE_NONE, NULL},
    {"saved by virsh", {.saved_away = true}, true, VT_CAUSE_NONE, NULL},
    {"power cut, as wished", {.wished_off = true, .forced = true}, true, VT_CAUSE_NONE, NULL},
    {"saved, but not kept",
     {.save_error = {VT_CAUSE_DATA_FULL, (char *)"the disk is full"}, .qemu_status = SIGTERM},
     true,
     VT_CAUSE_DATA_FULL,
     "memory is lost"},
    {"ended over a failed save",
     {.failed_save = (char *)"libvirtd died"},
     false,
     VT_CAUSE_FORCED,
     "libvirtd died"},
    {"pressed after a failed save, and libvirtd did not live to tell",
     {.failed_save = (char *)"libvirtd died", .asked = true, .pressed_since = true},
     false,
     VT_CAUSE_NONE,
     NULL},
    {"virsh destroy", {.qemu_status = 0}, false, VT_CAUSE_FORCED, "virsh destroy"},
    {"asked, and libvirtd did not live to tell", {.asked = true}, false, VT_CAUSE_NONE, NULL},
    {"asked, and then virsh destroy",
     {.asked = true, .destroyed = true},
     false,
     VT_CAUSE_FORCED,
     "virsh destroy"},
    {"asked, and panicked over it",
     {.asked = true, .panicked = true},
     true,
     VT_CAUSE_CRASHED,
     "kernel panicked"},
};

static void each_end_has_its_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        int r = vt_end_verdict(&cases[i].end, "/nonexistent", &err);

        if (err.cause != cases[i].cause || (r == 0) != (cases[i].cause == VT_CAUSE_NONE) ||
            vt_end_is_known(&cases[i].end) != cases[i].known)
            fail_msg("%s: cause %d, result %d", cases[i].what, err.cause, r);
        if (cases[i].says)
            assert_non_null(strstr(err.msg, cases[i].says));
    }
}

static void last_words_leave_out_the_command_line(void **state)
{
    VT_AUTO_FREE char *words =
        vt_qemu_last_words("2026: starting up\n/usr/bin/qemu \\\n-name vm \\\n-S\nfirst\nlast\n");

    (void)state;
    assert_string_equal(words, "\nfirst\nlast");
}

static void last_words_are_ten_lines(void **state)
{
    VT_AUTO_FREE char *words = vt_qemu_last_words("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\na\nb\n\n");

    (void)state;
    assert_string_equal(words, "\n2\n3\n4\n5\n6\n7\n8\n9\na\nb");
}

static void a_log_without_words_is_empty(void **state)
{
    VT_AUTO_FREE char *none = vt_qemu_last_words("");
    VT_AUTO_FREE char *only_command = vt_qemu_last_words("start\n/usr/bin/qemu \\\n-S\n");

    (void)state;
    assert_string_equal(none, "\n");
    assert_string_equal(only_command, "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_its_cause),
        cmocka_unit_test(last_words_leave_out_the_command_line),
        cmocka_unit_test(last_words_are_ten_lines),
        cmocka_unit_test(a_log_without_words_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
