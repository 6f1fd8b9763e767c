/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, read without trust and written; the objects are json-c's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct json_object;

/* Release *@object, which may be NULL. */
void vt_object_putp(struct json_object **object);

#define VT_AUTO_OBJECT VT_CLEANUP(vt_object_putp)

/* The text @name, @object's own; NULL if there is none, or something else. @object may be NULL here
 * and below. */
const char *vt_object_text(const struct json_object *object, const char *name);

/* The whole number @name, or @fallback. */
int64_t vt_object_number(const struct json_object *object, const char *name, int64_t fallback);

/* Whether @name is true. */
bool vt_object_flag(const struct json_object *object, const char *name);

/* Add a text; one that is NULL is left out, or becomes null. */
void vt_object_add_text(struct json_object *object, const char *name, const char *value);
void vt_object_add_text_or_null(struct json_object *object, const char *name, const char *value);

/* Add a whole number. */
void vt_object_add_number(struct json_object *object, const char *name, int64_t value);

/* @object as we keep it in a file, with a line's end; the caller frees it. */
char *vt_object_record(struct json_object *object);
