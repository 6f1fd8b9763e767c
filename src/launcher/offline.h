/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a guest that no launcher in this container runs, from its data directory alone. */
#pragma once

#include "launcher/status.h"

/*
 * What the data directory @path tells of its guest, called @name: stopped, saved, or running when
 * another virtainer holds the directory. Nothing is changed. Returns 0, or -ENOENT when there is no
 * guest.
 */
int vt_offline_status(const char *path, const char *name, struct vt_status *ret) VT_MUST_CHECK;
