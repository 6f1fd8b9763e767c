/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH_RATE: how often something may be done. */
#pragma once

#include "base/error.h"

#define VT_RATE_MAX 1000U

/* A count of 0 stands for no limit. */
struct vt_rate {
    unsigned count;
    unsigned unit; /* seconds: 1, 60, 3600 or 86400 */
};

/*
 * Read @text: COUNT/UNIT, the count from 1 to VT_RATE_MAX, the unit second, minute, hour or day.
 *
 * Returns 0, or -EINVAL with *@ret_wrong a sentence's end that says what is allowed, owned by the
 * caller; @ret is then untouched.
 */
int vt_rate_parse(const char *text, struct vt_rate *ret, char **ret_wrong) VT_MUST_CHECK;

/* @rate as vt_rate_parse() reads it and nft too; "" if there is none. Owned by the caller. */
char *vt_rate_text(const struct vt_rate *rate);
