/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the preparations that is for the guest's disk. */
#pragma once

#include "launcher/prepare.h"

/* Find or fetch the base image, and make the overlay on it or find that it fits: p->base, whose
 * path is NULL where the disk needs none, and p->overlay. */
int vt_prepare_disk(struct vt_prepared *p, const struct vt_config *config,
                    struct vt_error *err) VT_MUST_CHECK;
