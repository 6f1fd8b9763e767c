/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "config/yaml.h"

static void test_good(void **state)
{
    static const char *const texts[] = {
        "",
        "# a comment\n",
        "---\n",
        "null\n",
        "a: 1\n",
        "#cloud-config\nusers:\n  - default\n  - name: x\n    shell: /bin/sh\n",
        "{\"a\": [1, 2], \"b\": null}",
        "\xef\xbb\xbf# begins with a mark\na: 1\n",
        "a: caf\xc3\xa9 \xf0\x9f\x94\x91\r\nb: 2\r\n",
        "a: &x [1]\nb: *x\nc: &x 2\nd: *x\n",
        "--- # one\na: |\n  text\n...\n",
        "? [a, b]\n: c\n",
        "a: \"*quoted\"\n",
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        if (vt_yaml_check("f", texts[i], strlen(texts[i]), &err) < 0)
            fail_msg("case %zu: %s", i, err.msg);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* how it begins */
    } cases[] = {
        {"a: [1, 2\nb: 3\n", "f:2:2: did not find expected ',' or ']' (while parsing a flow"},
        {"a: 1\n\tb: 2\n", "f:2:1: found a tab character"},
        {"users:\n  - name: x\n   shell: y\n", "f:3:4: "},
        {"a: 'never ends\n", "f:2:1: found unexpected end of stream"},
        {"a: b: c\n", "f:1:5: mapping values are not allowed in this context"},
        {"a: @x\n", "f:1:4: found character that cannot start any token"},
        {"a: *x\n", "f:1:4: *x refers to an anchor &x that is not there"},
        {"a: *.log\n", "f:1:5: did not find expected alphabetic"},
        {"- a\n- b\n", "f:1:1: this is a list"},
        {"just words\n", "f:1:1: this is plain text"},
        {"\"null\"\n", "f:1:1: this is plain text"},
        {"a: 1\n---\nb: 2\n", "f:2:1: a second document begins here"},
        {"a: 1\nb: caf\xe9 x\n", "f:2:8: invalid trailing UTF-8 octet"},
        {"\xc3\xa9: 1\nb\xc3\xa9: \x01\n", "f:2:5: control characters are not allowed; YAML must"},
        {"\xff\xfe"
         "a\0:\0",
         "f:1:1: "},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        if (vt_yaml_check("f", cases[i].text, strlen(cases[i].text), &err) != -22)
            fail_msg("case %zu was accepted", i);
        if (!vt_startswith(err.msg, cases[i].message))
            fail_msg("case %zu: %s", i, err.msg);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
    }
}

/* libyaml alone would take minutes for a megabyte of this. */
static void test_deep(void **state)
{
    VT_AUTO_BUF struct vt_buf text = VT_BUF_INIT(1 << 20);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    while (!text.overflowed)
        vt_buf_adds(&text, "a: {");
    assert_int_equal(vt_yaml_check("f", text.data, text.len, &err), -22);
    assert_true(vt_startswith(err.msg, "f:1:"));
    assert_non_null(strstr(err.msg, "nested too deep"));
    assert_false(vt_yaml_top_has(text.data, text.len, "b"));
}

static void test_top_scalar(void **state)
{
    static const char text[] = "instance-id: i-1\nnested: {key: inner}\n? [key]\n: complex\n"
                               "list: [key, two]\nkey: 'outer'\nempty:\nkey2: key\n";

    (void)state;
    for (int i = 0; i < 2; i++) {
        VT_AUTO_FREE char *id = vt_yaml_top_scalar(text, sizeof(text) - 1, "instance-id");
        VT_AUTO_FREE char *key = vt_yaml_top_scalar(text, sizeof(text) - 1, "key");
        VT_AUTO_FREE char *empty = vt_yaml_top_scalar(text, sizeof(text) - 1, "empty");

        assert_string_equal(id, "i-1");
        assert_string_equal(key, "outer");
        assert_string_equal(empty, "");
    }
    assert_null(vt_yaml_top_scalar(text, sizeof(text) - 1, "list"));
    assert_null(vt_yaml_top_scalar(text, sizeof(text) - 1, "two"));
    assert_null(vt_yaml_top_scalar("- a", 3, "a"));
    assert_null(vt_yaml_top_scalar("a", 1, "a"));
    assert_null(vt_yaml_top_scalar("[: ", 3, "a"));
    assert_true(vt_yaml_top_has(text, sizeof(text) - 1, "list"));
    assert_true(vt_yaml_top_has(text, sizeof(text) - 1, "empty"));
    assert_false(vt_yaml_top_has(text, sizeof(text) - 1, "two"));
    assert_false(vt_yaml_top_has("- a: 1", 6, "a"));
}

static const char *const items[] = {"one", "2"};

static void test_extend(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", "id: \"yes\"\nlist:\n- \"one\"\n- \"2\"\n"},
        {"null", "id: \"yes\"\nlist:\n- \"one\"\n- \"2\"\n"},
        {"id: no\n", "id: no\nlist:\n- \"one\"\n- \"2\"\n"},
        {"list: [a]\nid: x\n", "list: [a, \"one\", \"2\"]\nid: x\n"},
        {"list: {a: b}\nid: x\n", "list: {a: b, virtainer: [\"one\", \"2\"]}\nid: x\n"},
        {"list: a\nid: x\n", "list:\n- \"a\"\n- \"one\"\n- \"2\"\nid: x\n"},
        {"id: [x]\nlist: ~\n", "id: [x]\nlist:\n- \"one\"\n- \"2\"\n"},
        {"deep: {list: [a]}\nid: x\nlist: [[b]]",
         "deep: {list: [a]}\nid: x\nlist: [[b], \"one\", \"2\"]\n"},
        {"list: *x\n", NULL},
        {"list: [\n", NULL},
    };
    static const struct vt_yaml_entry entries[] = {
        {.key = "id", .text = "yes"},
        {.key = "list", .items = items, .item_count = 2},
        {.key = "none"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *made =
            vt_yaml_extend(cases[i].text, strlen(cases[i].text), entries, VT_ARRAY_SIZE(entries));

        if (!made != !cases[i].expected)
            fail_msg("case %zu: %s", i, made ? made : "nothing made");
        if (made)
            assert_string_equal(made, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_bad),
        cmocka_unit_test(test_deep),   cmocka_unit_test(test_top_scalar),
        cmocka_unit_test(test_extend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
