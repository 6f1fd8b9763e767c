/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the overlay one that needs no base: what the base holds is copied into it.
 *
 * The whole disk is written beside it under a temporary name; then the record says that an overlay
 * without a base is ours, and then the new file takes the overlay's name. Killed at any moment,
 * there is the overlay of before or the new one, and the next start takes either.
 */
#pragma once

#include "base/error.h"
#include "image/progress.h"

/*
 * Flatten the overlay of @data_dir, whose lock the caller holds and which vt_overlay_prepare() has
 * found to be right. @cancel_fd may be -1 and @progress NULL. Errors, with the overlay as it was:
 * VT_CAUSE_USAGE when it holds snapshots; VT_CAUSE_DATA_FULL, also when there is surely not enough
 * room; VT_CAUSE_DATA_DIR; VT_CAUSE_BAD_IMAGE; VT_CAUSE_NONE with -ECANCELED.
 */
int vt_overlay_flatten(const char *data_dir, int cancel_fd, const struct vt_progress *progress,
                       struct vt_error *err) VT_MUST_CHECK;
