/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This boot of the machine: what was written without being synced is there as long as it lasts, and
 * may be lost, in any order, when it ends with the power. */
#pragma once

/* What tells it from others (proc_sys_kernel(5), random/boot_id), owned by the caller; "" if the
 * kernel does not say, which then fits every other such. */
char *vt_boot_id(void);
