/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands that work on the disk of a guest that does not run begin with. */
#pragma once

#include "launcher/disk.h"

/*
 * vt_disk_take() on what the environment says, with lines of progress. From here on the command
 * is one that can be interrupted (host/interrupt.h): its status is vt_interrupt_status()'s.
 */
int vt_cmd_take_disk(bool accept_base, struct vt_disk *ret, struct vt_error *err) VT_MUST_CHECK;
