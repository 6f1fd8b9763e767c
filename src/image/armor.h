/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP keys as text (RFC 9580, section 6.2), as distributions publish them; gpgv reads none. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* Whether @text is armored keys. */
bool vt_armor_is(const char *text);

/*
 * Add the keys in @text to @ret, those of all its blocks one after the other. Their CRC does not
 * count, as the RFC wants it. Returns 0, or -EBADMSG if there are none, or one is damaged, or too
 * large for @ret.
 */
int vt_armor_decode(const char *text, struct vt_buf *ret) VT_MUST_CHECK;
