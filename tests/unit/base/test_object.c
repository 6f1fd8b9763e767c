/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/object.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_of_another_kind_is_not_there(void **state)
{
    VT_AUTO_OBJECT struct json_object *object =
        json_tokener_parse("{\"text\":\"a\",\"number\":-7,\"half\":0.5,\"digits\":\"7\","
                           "\"yes\":true,\"no\":false,\"null\":null,\"list\":[1]}");
    static const char *const names[] = {"text", "number", "half", "digits", "yes",
                                        "no",   "null",   "list", "none"};

    (void)state;
    assert_string_equal(vt_object_text(object, "text"), "a");
    assert_string_equal(vt_object_text(object, "digits"), "7");
    assert_int_equal(vt_object_number(object, "number", 3), -7);
    assert_true(vt_object_flag(object, "yes"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (i != 0 && i != 3)
            assert_null(vt_object_text(object, names[i]));
        if (i != 1)
            assert_int_equal(vt_object_number(object, names[i], 3), 3);
        if (i != 4)
            assert_false(vt_object_flag(object, names[i]));
    }
}

static void what_is_no_object_has_nothing(void **state)
{
    VT_AUTO_OBJECT struct json_object *array = json_tokener_parse("[1]");
    VT_AUTO_OBJECT struct json_object *nothing = json_tokener_parse("{");

    (void)state;
    assert_null(vt_object_text(array, "text"));
    assert_null(vt_object_text(nothing, "text"));
    assert_int_equal(vt_object_number(nothing, "number", 3), 3);
    assert_false(vt_object_flag(nothing, "yes"));
}

static void a_record_is_as_it_was_added(void **state)
{
    VT_AUTO_OBJECT struct json_object *object = json_object_new_object();
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    vt_object_add_text(object, "path", "/a\"b");
    vt_object_add_text(object, "left out", NULL);
    vt_object_add_text_or_null(object, "none", NULL);
    vt_object_add_number(object, "large", INT64_MAX);
    text = vt_object_record(object);
    assert_string_equal(text, "{\n  \"path\":\"/a\\\"b\",\n  \"none\":null,\n"
                              "  \"large\":9223372036854775807\n}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_of_another_kind_is_not_there),
        cmocka_unit_test(what_is_no_object_has_nothing),
        cmocka_unit_test(a_record_is_as_it_was_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
