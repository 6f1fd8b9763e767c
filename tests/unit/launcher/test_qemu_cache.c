/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/qemu_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void the_times_are_replaced(void **state)
{
    static const struct {
        const char *xml;
        const char *expected; /* NULL: refused */
    } cases[] = {
        {"<qemuCaps>\n  <emulator>/usr/bin/q</emulator>\n  <qemuctime>1700000000</qemuctime>\n"
         "  <selfctime>1600000000</selfctime>\n  <selfvers>9000000</selfvers>\n</qemuCaps>\n",
         "<qemuCaps>\n  <emulator>/usr/bin/q</emulator>\n  <qemuctime>12</qemuctime>\n"
         "  <selfctime>345</selfctime>\n  <selfvers>9000000</selfvers>\n</qemuCaps>\n"},
        {"<qemuctime>9</qemuctime><selfctime>8</selfctime>",
         "<qemuctime>12</qemuctime><selfctime>345</selfctime>"},
        {"<qemuctime></qemuctime><selfctime/>", NULL},
        {"<selfctime>8</selfctime><qemuctime>9</qemuctime>", NULL}, /* not libvirt's order */
        {"<qemuctime>9</qemuctime>", NULL},
        {"<selfctime>9</selfctime>", NULL},
        {"", NULL},
        {"not xml at all", NULL},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *made = vt_qemu_cache_retime(cases[i].xml, 12, 345);

        if (!made != !cases[i].expected)
            fail_msg("case %zu: %s", i, made ? made : "nothing was made");
        if (made)
            assert_string_equal(made, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_times_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
