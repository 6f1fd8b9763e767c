/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a program may shut itself off as passt does: engines' seccomp and AppArmor profiles
 * decide, and none of them can be asked. */
#pragma once

#include <sys/types.h>

#include "base/cleanup.h"

enum vt_sandbox_step {
    VT_SANDBOX_USER_NAMESPACE, /* unshare(2) of the user namespace and then of others */
    VT_SANDBOX_MOUNT,          /* an empty root directory in them: mount(2), pivot_root(2) */
};

/*
 * Do it in a child, as user @uid in group @gid. Returns 0, or the negative errno of what failed,
 * and in *@ret the last step that was tried.
 */
int vt_sandbox_try(uid_t uid, gid_t gid, enum vt_sandbox_step *ret) VT_MUST_CHECK;
