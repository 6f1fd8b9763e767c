/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gives a guest the container's addresses has the network namespace for itself. In one that is
 * shared (a pod) a second one would replace the rules of the first, and take its bridge, while that
 * has no guest at it yet, for what an earlier run left.
 */
#pragma once

#include "base/error.h"

/* Take this process's network namespace, until the process ends. Returns -EBUSY when another
 * virtainer has it, or another negative errno. */
int vt_namespace_take(struct vt_error *err) VT_MUST_CHECK;
