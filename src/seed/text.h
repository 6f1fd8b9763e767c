/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the seed's documents are made of: text of others, of which nothing is certain. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the @len bytes at @text are UTF-8 without overlong forms, surrogates or a cut character.
 */
bool vt_text_is_utf8(const char *text, size_t len);

/* Whether @text has a control character (NUL to US, DEL) in its @len bytes; a tab is none when
 * @tab_allowed. */
bool vt_text_has_control(const char *text, size_t len, bool tab_allowed);
