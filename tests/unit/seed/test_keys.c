/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "sample_keys.h"
#include "seed/keys.h"

/* A key of a type no one has heard of: "new" and the string "x". */
#define NEW_TYPE "new AAAAA25ldwAAAAF4"

static void test_good(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *last;
    } cases[] = {
        {ED25519 " me@here\n", 1, ED25519 " me@here"},
        {ED25519, 1, ED25519},
        {ED25519 "\n" ECDSA " b\n" RSA " c\n" CERTIFICATE " d\n", 4, CERTIFICATE " d"},
        {"# mine\r\n\r\n  " ED25519 " me \r\n", 1, ED25519 " me"},
        {"\n\n\t# comment\n" RSA "\n# " ECDSA "\n", 1, RSA},
        {"no-pty,command=\"echo \\\"a b\\\" c\" " ED25519 " me", 1,
         "no-pty,command=\"echo \\\"a b\\\" c\" " ED25519 " me"},
        {"restrict\t" ECDSA, 1, "restrict\t" ECDSA},
        {NEW_TYPE, 1, NEW_TYPE},
        {ED25519 " caf\xc3\xa9", 1, ED25519 " caf\xc3\xa9"},
        {ED25519 " caf\xe9", 1, ED25519 " caf?"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_KEYS struct vt_keys keys = {0};

        if (vt_keys_parse("/k", cases[i].text, strlen(cases[i].text), &keys, &err) < 0)
            fail_msg("case %zu: %s", i, err.msg);
        assert_int_equal(keys.count, cases[i].count);
        assert_string_equal(keys.lines[keys.count - 1], cases[i].last);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* how it begins */
    } cases[] = {
        {"", "/k holds no SSH public key"},
        {"# nothing\n\n", "/k holds no SSH public key"},
        {"hello\n", "/k:1: this is no whole SSH public key"},
        {ED25519 "\nssh-rsa\n", "/k:2: this is no whole SSH public key"},
        {"\n\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr+QuRwE9hXoxOx7 cut\n",
         "/k:3: this is no whole SSH public key"},
        {"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr+QuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1H other type",
         "/k:1: this is no whole SSH public key"},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "/k:1: this is no whole SSH public key"},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWq*fSmOr+QuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1H",
         "/k:1: this is no whole SSH public key"},
        /* as the right key's, but for bits that stand for nothing: ssh does not take it either */
        {"ecdsa-sha2-nistp256 "
         "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL6cgktxNmTnotTL7pYJ0aesSIC9WS/"
         "upnUkpFKsBrqx2DPwrZgfxRHAdRsEl/P9xxoosOqOIaVdhDeBmhWzF79=",
         "/k:1: this is no whole SSH public key"},
        {"command=\"never ends " ED25519, "/k:1: this is no whole SSH public key"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n", "/k:1: this is a private key"},
        {"-----BEGIN RSA PRIVATE KEY-----\n", "/k:1: this is a private key"},
        {"PuTTY-User-Key-File-3: ssh-ed25519\n", "/k:1: this is a private key"},
        {"---- BEGIN SSH2 PUBLIC KEY ----\n", "/k:1: this public key is not in OpenSSH's format"},
        {"-----BEGIN PUBLIC KEY-----\n", "/k:1: this public key is not in OpenSSH's format"},
        {ED25519 "\n\x1b[0m", "/k:2: this is not text"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_KEYS struct vt_keys keys = {0};

        assert_int_equal(vt_keys_parse("/k", cases[i].text, strlen(cases[i].text), &keys, &err),
                         -22);
        assert_int_equal(err.cause, VT_CAUSE_SEED);
        if (!vt_startswith(err.msg, cases[i].message))
            fail_msg("case %zu: %s", i, err.msg);
    }
}

/* Someone may have mounted a secret: no message may repeat what was in the file. */
static void test_nothing_is_repeated(void **state)
{
    static const char text[] = "my secret line\n";
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_KEYS struct vt_keys keys = {0};

    (void)state;
    assert_int_equal(vt_keys_parse("/k", text, sizeof(text) - 1, &keys, &err), -22);
    assert_null(strstr(err.msg, "secret"));
}

static void test_nul_bytes(void **state)
{
    static const char text[] = ED25519 "\0 me\n";
    VT_AUTO_KEYS struct vt_keys keys = {0};

    (void)state;
    assert_int_equal(vt_keys_parse("/k", text, sizeof(text) - 1, &keys, NULL), -22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nothing_is_repeated),
        cmocka_unit_test(test_nul_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
