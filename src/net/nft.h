/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets in the kernel: the only includer of libnftables. Private to this room. */
#pragma once

#include "base/error.h"

/* Run the @commands, all or nothing; when that fails, the error begins with @what. */
int vt_nft_run(const char *commands, const char *what, struct vt_error *err) VT_MUST_CHECK;
