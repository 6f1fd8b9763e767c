/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML by libyaml, which no other room includes. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Whether @text is one well-formed YAML document with a mapping at its top (or nothing at all). Returns 0, or
 * -EINVAL with @err naming @path, the line and the column (from 1).
 */
int vt_yaml_check(const char *path, const char *text, size_t len, struct vt_error *err) VT_MUST_CHECK;

/*
 * The scalar at top-level @key of @text, or NULL when there is none or @text is no YAML mapping. The caller frees it.
 */
char *vt_yaml_top_scalar(const char *text, size_t len, const char *key);
