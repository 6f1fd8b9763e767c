/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/host_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../seed/sample_keys.h"
#include "base/str.h"

static void keys_are_whole_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {ED25519 "\n", true},
        {"  " ED25519 " root@guest \r\n", true},
        {ECDSA, true},
        {RSA, true},
        {"", false},
        {"N/A", false},
        {"# comment", false},
        {CERTIFICATE, false},
        {ED25519 "\n" ECDSA, false},
        {"command=\"x\" " ED25519, false},
        {"ssh-ed25519", false},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvE", false},
        {"@cert-authority * " ED25519, false},
        {"evil,* " ED25519, false},
        {"ssh-option " ED25519, false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_CLEANUP(vt_host_keys_done) struct vt_host_keys keys = {.count = 0};

        if (vt_host_keys_add(&keys, cases[i].text, strlen(cases[i].text)) != cases[i].good)
            fail_msg("'%s' was %s", cases[i].text, cases[i].good ? "refused" : "taken");
        assert_int_equal(keys.count, cases[i].good ? 1 : 0);
        if (cases[i].good && strchr(strchr(keys.lines[0], ' ') + 1, ' '))
            fail_msg("'%s' has more than type and key", keys.lines[0]);
    }
}

static void one_key_is_kept_once(void **state)
{
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys keys = {.count = 0};

    (void)state;
    assert_true(vt_host_keys_add(&keys, ED25519, strlen(ED25519)));
    assert_true(vt_host_keys_add(&keys, ED25519 " again", strlen(ED25519 " again")));
    assert_true(vt_host_keys_add(&keys, RSA, strlen(RSA)));
    assert_int_equal(keys.count, 2);
}

static void known_hosts_tell_whose_they_are(void **state)
{
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys keys = {.count = 0};
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys again = {.count = 0};
    VT_AUTO_FREE char *text = NULL, *instance = NULL;

    (void)state;
    assert_true(vt_host_keys_add(&keys, ED25519, strlen(ED25519)));
    text = vt_known_hosts_text(&keys, "192.168.100.100", "iid 1");
    assert_non_null(strstr(text, "\n192.168.100.100,virtainer-guest " ED25519 "\n"));
    vt_known_hosts_parse(text, &again);
    assert_int_equal(again.count, 1);
    assert_string_equal(again.lines[0], ED25519);
    instance = vt_known_hosts_instance(text);
    assert_string_equal(instance, "iid 1");
    assert_null(vt_known_hosts_instance("192.168.100.100 ssh-ed25519 AAAA\n"));
    assert_null(vt_known_hosts_instance(""));
}

#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr+QuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1I"

static void a_key_of_a_type_replaces_another(void **state)
{
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys keys = {.count = 0};
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys same = {.count = 0};
    VT_CLEANUP(vt_host_keys_done) struct vt_host_keys other = {.count = 0};

    (void)state;
    assert_true(vt_host_keys_add(&same, ED25519, strlen(ED25519)));
    assert_true(vt_host_keys_add(&same, RSA, strlen(RSA)));
    assert_true(vt_host_keys_add(&other, OTHER, strlen(OTHER)));
    assert_false(vt_host_keys_merge(&keys, &same));
    assert_false(vt_host_keys_merge(&keys, &same));
    assert_int_equal(keys.count, 2);
    assert_true(vt_host_keys_merge(&keys, &other));
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.lines[0], OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_whole_or_refused),
        cmocka_unit_test(one_key_is_kept_once),
        cmocka_unit_test(a_key_of_a_type_replaces_another),
        cmocka_unit_test(known_hosts_tell_whose_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
