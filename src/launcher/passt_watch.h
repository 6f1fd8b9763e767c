/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passt is started again when it ends; QEMU comes back to it by itself, within 5 s. */
#pragma once

#include <sys/types.h>

#include "net/plan.h"

/* From here on the loop watches over passt, which runs as @pid for @plan; once in the process. */
void vt_passt_watch(const struct vt_net_plan *plan, pid_t pid);
