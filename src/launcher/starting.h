/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what is prepared to a guest that runs: booted, or resumed from its saved memory. */
#pragma once

#include "host/worker.h"
#include "launcher/prepare.h"
#include "vm/domain.h"

/*
 * Start the guest on @worker, and meanwhile watch for a stop signal (-ECANCELED, VT_CAUSE_NONE) and
 * for libvirtd's end; the caller then exits, as the worker is still at it. A saved memory that
 * libvirt finds not to fit is set aside (prepared->saved_notice says why), and the guest boots.
 * What fits and cannot be read is VT_CAUSE_STATE, and stays.
 */
int vt_start_guest(const struct vt_config *config, struct vt_prepared *prepared, struct vt_vm *vm,
                   struct vt_worker *worker, struct vt_error *err) VT_MUST_CHECK;
