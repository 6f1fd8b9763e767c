/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/sources.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* ALLOW_FROM and what is understood of each protocol; NULL: it is refused. */
static const struct {
    const char *text, *ip4, *ip6;
} cases[] = {
    {"192.0.2.1", "192.0.2.1/32", ""},
    {"10.0.0.0/8,2001:db8::/32", "10.0.0.0/8", "2001:db8::/32"},
    {" 10.9.8.7/8 , ::1 ", "10.0.0.0/8", "::1/128"},
    {"0.0.0.0/0,::/0", "0.0.0.0/0", "::/0"},
    {"192.0.2.255/31,fd00::ffff/113", "192.0.2.254/31", "fd00::8000/113"},
    {"::ffff:10.0.0.1", "", "::ffff:10.0.0.1/128"},
    {"", NULL, NULL},
    {",", NULL, NULL},
    {"10.0.0.0/8,", NULL, NULL},
    {"10.0.0.0/33", NULL, NULL},
    {"::/129", NULL, NULL},
    {"10.0.0.0/", NULL, NULL},
    {"10.0.0.0/-1", NULL, NULL},
    {"10.0.0", NULL, NULL},
    {"10.0.0.0/8/8", NULL, NULL},
    {"example.org", NULL, NULL},
    {"fe80::1%eth0", NULL, NULL},
    {"10.0.0.1 } drop", NULL, NULL},
};

static void it_is_understood_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_sources sources = {NULL, 0};
        VT_AUTO_FREE char *wrong = NULL, *ip4 = NULL, *ip6 = NULL;
        int r = vt_sources_parse(cases[i].text, &sources, &wrong);

        if (!cases[i].ip4) {
            assert_int_equal(r, -EINVAL);
            assert_null(sources.list);
            assert_non_null(strstr(wrong, "addresses and networks"));
            continue;
        }
        assert_int_equal(r, 0);
        ip4 = vt_sources_text(&sources, false);
        ip6 = vt_sources_text(&sources, true);
        assert_string_equal(ip4, cases[i].ip4);
        assert_string_equal(ip6, cases[i].ip6);
        free(sources.list);
    }
}

static void there_is_a_limit(void **state)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(65536);
    VT_AUTO_FREE char *wrong = NULL;
    struct vt_sources sources;

    (void)state;
    for (unsigned i = 0; i < VT_SOURCES_MAX; i++)
        vt_buf_addf(&text, "%s10.0.0.%u", i > 0 ? "," : "", i);
    assert_int_equal(vt_sources_parse(vt_buf_str(&text), &sources, &wrong), 0);
    assert_int_equal(sources.count, VT_SOURCES_MAX);
    free(sources.list);
    vt_buf_adds(&text, ",::1");
    assert_int_equal(vt_sources_parse(vt_buf_str(&text), &sources, &wrong), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_understood_or_refused),
        cmocka_unit_test(there_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
