/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a virtainer writes beside its data directory. The container's root file system may be
 * read-only, so all of it is in /run: the container image has /var/lib/libvirt and its like as
 * links to /run/virtainer/libvirt (dockerfiles/link-places.sh).
 */
#pragma once

#include "config/config.h"
#include "launcher/status.h"

/* Make what the links lead to, in /run. VT_CAUSE_USAGE when that is read-only. */
int vt_places_make(struct vt_error *err) VT_MUST_CHECK;

/* The same below @run_dir instead of /run, for tests. */
int vt_places_make_at(const char *run_dir, struct vt_error *err) VT_MUST_CHECK;

/*
 * Where the seed is made: CLOUD_INIT_DISK, but in /run when nobody named a place and the usual
 * one's directory @root ("/") cannot be written.
 */
const char *vt_places_seed(const struct vt_config *config, const char *root);

/* Whether a seed could be made at the absolute @path, before anything else is. VT_CAUSE_SEED. */
int vt_places_check_seed(const char *path, struct vt_error *err) VT_MUST_CHECK;
