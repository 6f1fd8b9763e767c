/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the preparations that is for NETWORK=bridge. */
#pragma once

#include "launcher/prepare.h"

/*
 * Plan that the guest takes the place of the container that @view shows. A resumed guest does not
 * ask for its address again: where it is another now, the saved memory is set aside.
 */
int vt_prepare_lan(struct vt_prepared *p, const struct vt_net_view *view,
                   struct vt_error *err) VT_MUST_CHECK;

/* If that is planned, do it, when nothing is to be downloaded any more: the container has no
 * network of its own then. */
int vt_take_lan(struct vt_prepared *p, struct vt_error *err) VT_MUST_CHECK;
