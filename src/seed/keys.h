/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH public keys as sshd's authorized_keys has them. Pure. */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct vt_keys {
    char **lines; /* "[options ]type base64[ comment]", UTF-8, without line ends */
    size_t count;
};

#define VT_AUTO_KEYS VT_CLEANUP(vt_keys_done)

/*
 * Read every key of the @len bytes at @text. Empty lines and comments (#) are skipped, CR LF is a
 * line end. A key may be of any type: what it must be is a blob that is whole and names the type
 * before it. Returns 0 with at least one key, or -EINVAL with @err naming @path and the line: for
 * anything else, for a file without a key, and for a private key, whose text no message repeats.
 */
int vt_keys_parse(const char *path, const char *text, size_t len, struct vt_keys *ret,
                  struct vt_error *err) VT_MUST_CHECK;
void vt_keys_done(struct vt_keys *keys);
