/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of others, of which nothing is certain: whether it is UTF-8 (RFC 3629). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the @len bytes at @text are UTF-8 without overlong forms, surrogates or a cut character.
 */
bool vt_text_is_utf8(const char *text, size_t len);

/* Whether @text has a control character (NUL to US, DEL) in its @len bytes; a tab is none when
 * @tab_allowed. */
bool vt_text_has_control(const char *text, size_t len, bool tab_allowed);

/* How many bytes the character has that begins the @len bytes at @s: 1 to 4, or 0 if it is not
 * whole, or there is none. */
size_t vt_utf8_character(const char *s, size_t len);

/* How many bytes at the end of the @len at @s are the beginning of a character whose rest is still
 * to come: 0 to 3. */
size_t vt_utf8_unfinished(const char *s, size_t len);

/* How many letters must be changed, added or left out to make @b of @a (Levenshtein); SIZE_MAX if
 * one has more than 64. */
size_t vt_text_distance(const char *a, const char *b);
