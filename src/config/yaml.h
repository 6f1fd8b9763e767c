/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML by libyaml, which no other room includes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Whether @text is one well-formed YAML document with a mapping at its top (or nothing at all).
 * Returns 0, or -EINVAL with @err (VT_CAUSE_USAGE) beginning "@path:line:column: ", both counted
 * from 1.
 */
int vt_yaml_check(const char *path, const char *text, size_t len,
                  struct vt_error *err) VT_MUST_CHECK;

/*
 * The scalar at top-level @key of @text, or NULL when there is none or @text is no YAML mapping.
 * The caller frees it.
 */
char *vt_yaml_top_scalar(const char *text, size_t len, const char *key);

/* Whether @text is a YAML mapping with @key at its top, whatever its value is. */
bool vt_yaml_top_has(const char *text, size_t len, const char *key);

/* What vt_yaml_extend() adds to a mapping: one text, or a list of them. */
struct vt_yaml_entry {
    const char *key;
    const char *text;         /* added when @key is not there yet; or NULL, and then: */
    const char *const *items; /* added to the end of the list at @key, which is made if needed */
    size_t item_count;
};

/*
 * @text (a mapping that passes vt_yaml_check(), or nothing) with @entries added at its top. Values,
 * order, anchors and tags stay as they were; comments do not. A single text at an entry's key
 * becomes a list of its lines first, and in a mapping of lists the items get a key of their own.
 * Every text is written so that it is read back as that string. Returns a new string, or NULL when
 * it cannot be done (an alias at the key, a text that is no UTF-8).
 */
char *vt_yaml_extend(const char *text, size_t len, const struct vt_yaml_entry *entries,
                     size_t entry_count);
