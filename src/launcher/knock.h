/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the guest's SSH server: the kernel tells when the guest first appears on the network;
 * from then on its SSH port is tried, at most once a second, until it answers or patience is over.
 * Before, and when it has answered, nothing of this wakes us. (Behind passt it is tried from when
 * somebody says so.) All in the loop.
 */
#pragma once

#include "launcher/probe.h"
#include "launcher/status.h"
#include "net/plan.h"

struct vt_knock;

/* @result is never VT_PROBE_PENDING. */
typedef void (*vt_knock_callback)(enum vt_probe_result result, void *data);

/*
 * Wait for the guest of @status at its guest_address (while that is NULL nothing is heard of it),
 * on the network @net. @callback is called with what each try came to; VT_PROBE_SSH is the last.
 * All lives as long as the process, and so must the arguments.
 */
struct vt_knock *vt_knock_new(const struct vt_status *status, const struct vt_net_plan *net,
                              vt_knock_callback callback, void *data);

/* Try for the first time after @delay ms, with new patience, whether the guest has appeared or
 * not. */
void vt_knock_after(struct vt_knock *knock, int delay);
