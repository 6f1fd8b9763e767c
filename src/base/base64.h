/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 with padding and without line breaks (RFC 4648, section 4). */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* @len bytes of @data as text; the caller frees it. */
char *vt_base64_encode(const void *data, size_t len);

/*
 * The bytes that @text stands for, followed by a NUL, in *@ret (owned by the caller; their number
 * in *@ret_len). Returns 0, or -EBADMSG for anything that vt_base64_encode() does not make.
 */
int vt_base64_decode(const char *text, char **ret, size_t *ret_len) VT_MUST_CHECK;
