/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/str.h"

static struct vt_yaml_node *read_ok(const char *text)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_yaml_node *tree = NULL;

    if (vt_yaml_tree_read("f", text, strlen(text), &tree, &err) < 0)
        fail_msg("%s", err.msg);
    return tree;
}

static void test_tree(void **state)
{
    VT_AUTO_YAML_TREE struct vt_yaml_node *tree =
        read_ok("a: 22.04\nlist:\n  - x\n  - {k: 'v'}\n  - []\nempty:\n");
    const struct vt_yaml_node *list = vt_yaml_tree_get(tree, "list");

    (void)state;
    assert_int_equal(tree->kind, VT_YAML_MAP);
    assert_string_equal(vt_yaml_tree_get(tree, "a")->text, "22.04");
    assert_string_equal(vt_yaml_tree_get(tree, "empty")->text, "");
    assert_null(vt_yaml_tree_get(tree, "b"));
    assert_int_equal(list->kind, VT_YAML_LIST);
    assert_int_equal(list->children->line, 3);
    assert_int_equal(list->children->column, 5);
    assert_string_equal(list->children->text, "x");
    assert_string_equal(vt_yaml_tree_get(list->children->next, "k")->text, "v");
    assert_null(list->children->next->next->children);
    assert_null(list->children->next->next->next);
}

static void test_nothing(void **state)
{
    static const char *const texts[] = {"", "# only this\n", "~", "---\n"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(texts); i++) {
        VT_AUTO_YAML_TREE struct vt_yaml_node *tree = read_ok(texts[i]);

        assert_int_equal(tree->kind, VT_YAML_MAP);
        assert_null(tree->children);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"a: [b", "f:"},
        {"- a\n", "f:1:1: this is a list"},
        {"a: &x b\n", "f:1:4: anchors (&) are not read here"},
        {"a: &x b\nc: *x\n", "f:1:4: anchors"},
        {"a: &x [b]\nc: *x\n", "f:2:4: aliases (*) are not read here"},
        {"a: b\na: c\n", "f:2:1: this key is there twice"},
        {"? [a]\n: b\n", "f:1:3: this key is no plain text"},
        {"a: \"b\\0c\"\n", "f:1:4: this text has a NUL in it"},
        {"a: [[[[[[[[b]]]]]]]]\n", "f:1:11: nested too deep here"},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(rows); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        struct vt_yaml_node *tree = NULL;

        assert_int_equal(vt_yaml_tree_read("f", rows[i].text, strlen(rows[i].text), &tree, &err),
                         -EINVAL);
        assert_null(tree);
        assert_int_equal(err.cause, VT_CAUSE_USAGE);
        if (!vt_startswith(err.msg, rows[i].message))
            fail_msg("%s: %s", rows[i].text, err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
