/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When passt ends, QEMU comes back by itself, within 5 s, and meets the launcher, which then starts
 * another passt for that connection. */
#pragma once

#include <sys/types.h>

#include "net/plan.h"

/* From here on the loop watches over passt, which runs as @pid for @plan; once in the process. */
void vt_passt_watch(const struct vt_net_plan *plan, pid_t pid);
