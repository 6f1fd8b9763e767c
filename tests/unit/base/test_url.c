/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "base/str.h"

static void test_public(void **state)
{
    static const struct {
        const char *url, *public;
    } cases[] = {
        {"https://example.org/a.qcow2", "https://example.org/a.qcow2"},
        {"https://me:secret@example.org/a", "https://example.org/a"},
        {"https://me:se@cret@example.org/a", "https://example.org/a"},
        {"https://example.org/a?token=secret#x", "https://example.org/a"},
        {"https://me@example.org?token=secret", "https://example.org"},
        {"https://example.org/a@b", "https://example.org/a@b"},
        {"file:///srv/a", "file:///srv/a"},
        {"sha256:00", "sha256:00"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *got = vt_url_public(cases[i].url);

        assert_string_equal(got, cases[i].public);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_public)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
