/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's last error as one of ours; here because two rooms (vm, net) talk to libvirt. */
#pragma once

#include "base/error.h"

/*
 * Set @err to "@format…: libvirt's message" from the thread's last libvirt error and forget that
 * one. Returns -EIO.
 */
int vt_error_libvirt(struct vt_error *err, enum vt_cause cause, const char *format, ...)
    VT_PRINTF(3, 4);
