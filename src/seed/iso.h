/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seed as a disc, by libisofs, which no other file includes. */
#pragma once

#include "base/error.h"
#include "seed/seed.h"

/*
 * Make @path an ISO 9660 image (volume id "cidata", Joliet and Rock Ridge) of @seed's documents;
 * @seed is not VT_SEED_READY_ISO. The same documents always give the same bytes. Written under a
 * temporary name and renamed, with mode 0600, because seeds hold secrets: QEMU gets it as
 * an open descriptor. Returns 0 or a negative errno with @err (VT_CAUSE_SEED); an old @path is then
 * untouched.
 */
int vt_seed_iso_write(const struct vt_seed *seed, const char *path,
                      struct vt_error *err) VT_MUST_CHECK;
