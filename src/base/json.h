/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON (RFC 8259) from bytes that need not be text: what a guest says on its console, what
 * a library put into a message. What is read is in base/object.h.
 */
#pragma once

#include "base/str.h"

/*
 * Append the @len bytes at @s as a JSON string with its quotes. Control characters are escaped;
 * what is no UTF-8 (RFC 3629) becomes U+FFFD, one for each byte.
 */
void vt_json_add_string(struct vt_buf *out, const char *s, size_t len);
