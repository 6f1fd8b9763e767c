/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The password of the image's default user. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether PASSWORD's @value asks for a random one (in any case: cloud-init itself takes RANDOM for
 * this wish). */
bool vt_password_is_random(const char *value);

/*
 * Whether @value works as a password in cloud-init: UTF-8 without control characters, and not "R",
 * which cloud-init would replace. A hash as in /etc/shadow ($6$…) works. Returns 0, or -EINVAL with
 * @err (VT_CAUSE_USAGE).
 */
int vt_password_check(const char *value, struct vt_error *err) VT_MUST_CHECK;

/* A new one of four groups of four letters and digits, none of which look alike; about 79 bits. The
 * caller frees it. */
char *vt_password_make(void);
