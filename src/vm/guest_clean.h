/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a guest forget who it is, so that its disk can be the base of others: each of them then
 * boots as a new instance does. It is done in the guest, by who knows how: cloud-init, which at the
 * next boot makes anew what is removed here.
 */
#pragma once

#include "vm/way.h"

/*
 * Do it, by @way. Returns 0 or a negative errno: VT_CAUSE_USAGE, with nothing changed, for a guest
 * without cloud-init or where the user of @way cannot become root; VT_CAUSE_INTERNAL when it did
 * not work; and those of vt_way_run(). It can be repeated.
 */
int vt_guest_clean(struct vt_way *way, struct vt_error *err) VT_MUST_CHECK;

/* What vt_guest_clean() runs with `sh -c`: @ret_argv has room for it, ended by NULL. @root is put
 * before all paths, "" for the guest's own. */
enum { VT_GUEST_CLEAN_ARGS = 7 };
void vt_guest_clean_argv(const char *root, const char *ret_argv[VT_GUEST_CLEAN_ARGS]);

/* Their exit statuses. */
enum { VT_CLEAN_NO_CLOUD_INIT = 10, VT_CLEAN_FAILED = 11, VT_CLEAN_NOT_ROOT = 12 };
