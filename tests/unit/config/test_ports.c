/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ports.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* PORTS and what is understood, or NULL and a part of what is said. */
static const struct {
    const char *text, *read, *wrong;
} cases[] = {
    {"22", "22/tcp", NULL},
    {"22,80,8080:80/tcp,53/udp", "22/tcp,80/tcp,8080:80/tcp,53/udp", NULL},
    {" 22 , 9/sctp ", "22/tcp,9/sctp", NULL},
    {"6000-6010/udp", "6000-6010/udp", NULL},
    {"1-65535,1-65535/udp", "1-65535/tcp,1-65535/udp", NULL},
    {"80:80", "80/tcp", NULL},
    {"7-7:8", "7:8/tcp", NULL},
    {"80,80", NULL, "port 80/tcp is in it twice"},
    {"8080:80,8000-9000", NULL, "port 8080/tcp is in it twice"},
    {"8000-9000,8080:80", NULL, "port 8080/tcp is in it twice"},
    {"0", NULL, "such as 22,"},
    {"65536", NULL, "such as 22,"},
    {"4294967318", NULL, "such as 22,"},
    {"18446744073709551638", NULL, "such as 22,"},
    {"", NULL, "such as 22,"},
    {"22,", NULL, "such as 22,"},
    {",22", NULL, "such as 22,"},
    {"9-8", NULL, "such as 22,"},
    {"1-2:3", NULL, "such as 22,"},
    {"80:", NULL, "such as 22,"},
    {":80", NULL, "such as 22,"},
    {"80/icmp", NULL, "such as 22,"},
    {"80/", NULL, "such as 22,"},
    {"80/tcpp", NULL, "such as 22,"},
    {"-1", NULL, "such as 22,"},
    {"2 2", NULL, "such as 22,"},
    {"ssh", NULL, "such as 22,"},
    {"22;drop", NULL, "such as 22,"},
};

static void it_is_understood_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_ports ports = {NULL, 0};
        VT_AUTO_FREE char *wrong = NULL, *read = NULL;
        int r = vt_ports_parse(cases[i].text, &ports, &wrong);

        if (!cases[i].read) {
            assert_int_equal(r, -EINVAL);
            assert_null(ports.list);
            assert_non_null(strstr(wrong, cases[i].wrong));
            continue;
        }
        assert_int_equal(r, 0);
        assert_null(wrong);
        read = vt_ports_text(&ports);
        assert_string_equal(read, cases[i].read);
        free(ports.list);
    }
}

static void there_is_a_limit(void **state)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(65536);
    VT_AUTO_FREE char *wrong = NULL;
    struct vt_ports ports;

    (void)state;
    for (unsigned i = 1; i <= VT_PORTS_MAX; i++)
        vt_buf_addf(&text, "%s%u", i > 1 ? "," : "", i);
    assert_int_equal(vt_ports_parse(vt_buf_str(&text), &ports, &wrong), 0);
    assert_int_equal(ports.count, VT_PORTS_MAX);
    free(ports.list);
    vt_buf_adds(&text, ",1000");
    assert_int_equal(vt_ports_parse(vt_buf_str(&text), &ports, &wrong), -EINVAL);
    assert_non_null(strstr(wrong, "at most 64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_understood_or_refused),
        cmocka_unit_test(there_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
