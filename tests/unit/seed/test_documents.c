/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "base/str.h"
#include "config/yaml.h"
#include "sample_keys.h"
#include "seed/documents.h"

static void test_format(void **state)
{
    static const struct {
        const char *text;
        enum vt_data_format format;
    } cases[] = {
        {"", VT_DATA_EMPTY},
        {" \r\n\t", VT_DATA_EMPTY},
        {"#cloud-config\nusers: []\n", VT_DATA_CLOUD_CONFIG},
        {"\n #Cloud-Config\r\n", VT_DATA_CLOUD_CONFIG},
        {"#cloud-config\nx: 'MIME-Version: 1.0'\n", VT_DATA_CLOUD_CONFIG},
        {"#cloud-config-archive\n- a\n", VT_DATA_OTHER},
        {"#cloud-config-jsonp\n[]\n", VT_DATA_OTHER},
        {"#!/bin/sh\n", VT_DATA_OTHER},
        {"#include\nhttp://example.com\n", VT_DATA_OTHER},
        {"#include-once\nhttp://example.com\n", VT_DATA_OTHER},
        {"#cloud-boothook\n", VT_DATA_OTHER},
        {"#part-handler\n", VT_DATA_OTHER},
        {"## template: jinja\n#cloud-config\n", VT_DATA_OTHER},
        {"Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n\n", VT_DATA_OTHER},
        {"mime-version: 1.0\n\n", VT_DATA_OTHER},
        {"\x1f\x8b\x08", VT_DATA_OTHER},
        {"Content-Type: text/cloud-config\n\n", VT_DATA_UNKNOWN},
        {"users: []\n", VT_DATA_UNKNOWN},
        {"# cloud-config\n", VT_DATA_UNKNOWN},
        {"\xef\xbb\xbf#cloud-config\n", VT_DATA_UNKNOWN},
        {"#", VT_DATA_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        if (vt_data_format(cases[i].text, strlen(cases[i].text)) != cases[i].format)
            fail_msg("case %zu", i);
    }
}

static void test_mime_header_must_be_near(void **state)
{
    VT_AUTO_FREE char *text = vt_fmt("%*s\nMIME-Version: 1.0\n", 4090, "x");

    (void)state;
    assert_int_equal(vt_data_format(text, strlen(text)), VT_DATA_UNKNOWN);
}

static void test_password_config(void **state)
{
    VT_AUTO_FREE char *plain = vt_password_config("password");
    VT_AUTO_FREE char *least = vt_empty_config();

    (void)state;
    vt_assert_golden("seed/user-data.password", plain);
    vt_assert_golden("seed/user-data.empty", least);
}

/* Whatever the password is, YAML gives back the same string. */
static void test_password_quoting(void **state)
{
    static const char *const passwords[] = {
        "password",
        "yes",
        "null",
        "007",
        "1e3",
        "a: b",
        "# no comment",
        "\"",
        "'",
        "\\",
        "\\n",
        "%",
        "@",
        "`",
        "- a",
        "{}",
        "[",
        "*a",
        "&a",
        "!x",
        "|",
        ">",
        " ends with space ",
        "caf\xc3\xa9",
        "\xf0\x9f\x94\x91",
        "a\xc2\x85.",
        "\xe2\x80\xa8",
        "$6$salt$hash",
        "?",
        ":",
        "---",
        "...",
        "a long password with so many words in it that an emitter might like to fold it somewhere",
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(passwords); i++) {
        VT_AUTO_FREE char *text = vt_password_config(passwords[i]);
        VT_AUTO_FREE char *read = vt_yaml_top_scalar(text, strlen(text), "password");

        assert_int_equal(vt_yaml_check("x", text, strlen(text), NULL), 0);
        assert_non_null(read);
        assert_string_equal(read, passwords[i]);
        assert_int_equal(vt_data_format(text, strlen(text)), VT_DATA_CLOUD_CONFIG);
    }
}

static char ed25519[] = ED25519 " me@here";
static char ecdsa[] = "no-pty,command=\"echo 'a b'\" " ECDSA " other";
static char *lines[] = {ed25519, ecdsa};
static const struct vt_keys two_keys = {lines, 2};
static const struct vt_keys no_keys = {NULL, 0};

static void test_meta_data(void **state)
{
    static const struct {
        const char *golden;
        const char *own;
        const char *instance_id;
        const char *hostname;
        const struct vt_keys *keys;
    } cases[] = {
        {"generated", NULL, "localimage-01", "cloudimage", &no_keys},
        {"generated-keys", NULL, "localimage-01", "cloudimage", &two_keys},
        {"generated-odd", NULL, "007", "yes", &no_keys},
        {"own-untouched", "# kept\ninstance-id:   mine\n", NULL, NULL, &no_keys},
        {"own-complete", "# kept\ninstance-id:   mine\n", "theirs", NULL, &no_keys},
        {"own-keys", "instance-id: mine\nlocal-hostname: 'host'\nnumber: 007\n", NULL, NULL,
         &two_keys},
        {"own-hostname", "instance-id: mine # mine\n", "theirs", "host", &no_keys},
        {"own-json", "{\"instance-id\": \"mine\", \"ds\": {\"a\": [1, 2]}}", NULL, "host",
         &two_keys},
        {"own-list", "public-keys:\n  - ssh-rsa AAAA mine\nlocal-hostname: h\n", NULL, NULL,
         &two_keys},
        {"own-map", "public-keys: {mine: [ssh-rsa AAAA mine]}\nlocal-hostname: h\n", NULL, NULL,
         &two_keys},
        {"own-text", "public-keys: |\n  ssh-rsa AAAA mine\n  ssh-rsa BBBB mine\nlast: 1\n", NULL,
         NULL, &two_keys},
        {"own-null", "public-keys:\nlast: 1\n", NULL, NULL, &two_keys},
        {"own-empty", "# nothing but this\n", NULL, NULL, &two_keys},
        {"own-document", "--- # begins\na: &x [1]\nb: *x\npublic-keys: []\n...\n", NULL, NULL,
         &two_keys},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *name = vt_fmt("seed/meta-data.%s", cases[i].golden);
        VT_AUTO_FREE char *made =
            vt_meta_data(cases[i].own, cases[i].own ? strlen(cases[i].own) : 0,
                         cases[i].instance_id, cases[i].hostname, cases[i].keys);

        if (!made)
            fail_msg("%s was not made", name);
        assert_int_equal(vt_yaml_check(name, made, strlen(made), NULL), 0);
        vt_assert_golden(name, made);
    }
}

static void test_meta_data_impossible(void **state)
{
    static const char alias[] = "mine: &x [a]\npublic-keys: *x\n";
    static const char anchor[] = "public-keys: &x a\nalso: *x\n";

    (void)state;
    assert_null(vt_meta_data(alias, sizeof(alias) - 1, NULL, NULL, &two_keys));
    assert_null(vt_meta_data(anchor, sizeof(anchor) - 1, NULL, NULL, &two_keys));
    assert_null(vt_meta_data(NULL, 0, "latin-\xe9", NULL, &no_keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),          cmocka_unit_test(test_mime_header_must_be_near),
        cmocka_unit_test(test_password_config), cmocka_unit_test(test_password_quoting),
        cmocka_unit_test(test_meta_data),       cmocka_unit_test(test_meta_data_impossible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
