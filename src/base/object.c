/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/object.h"

#include <json-c/json.h>

#include "base/str.h"

void vt_object_putp(struct json_object **object)
{
    (void)json_object_put(*object);
}

/* The member @name if it is of @type, else NULL. */
static struct json_object *get(const struct json_object *object, const char *name,
                               enum json_type type)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(object, name, &value) && json_object_is_type(value, type)
               ? value
               : NULL;
}

const char *vt_object_text(const struct json_object *object, const char *name)
{
    return json_object_get_string(get(object, name, json_type_string));
}

int64_t vt_object_number(const struct json_object *object, const char *name, int64_t fallback)
{
    const struct json_object *value = get(object, name, json_type_int);

    return value ? json_object_get_int64(value) : fallback;
}

bool vt_object_flag(const struct json_object *object, const char *name)
{
    return json_object_get_boolean(get(object, name, json_type_boolean));
}

void vt_object_add_text(struct json_object *object, const char *name, const char *value)
{
    if (value)
        (void)json_object_object_add(object, name, json_object_new_string(value));
}

void vt_object_add_text_or_null(struct json_object *object, const char *name, const char *value)
{
    (void)json_object_object_add(object, name, value ? json_object_new_string(value) : NULL);
}

void vt_object_add_number(struct json_object *object, const char *name, int64_t value)
{
    (void)json_object_object_add(object, name, json_object_new_int64(value));
}

char *vt_object_record(struct json_object *object)
{
    return vt_fmt("%s\n", json_object_to_json_string_ext(
                              object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}
