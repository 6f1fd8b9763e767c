/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities, capabilities(7), as bit masks: bit n is the capability whose number is n. */
#pragma once

#include <linux/capability.h>
#include <stdint.h>

#include "base/cleanup.h"

#define VT_CAP(number) (UINT64_C(1) << (number))

/*
 * What libvirtd, dnsmasq and QEMU's tools can have a use for: users and owners, killing, the
 * network, and what a person may do to a guest by virsh in a privileged container (pinning, locked
 * memory). Not among them is what could reach the host.
 */
#define VT_CAPS_OF_CHILDREN                                                                  \
    (VT_CAP(CAP_CHOWN) | VT_CAP(CAP_DAC_OVERRIDE) | VT_CAP(CAP_FOWNER) | VT_CAP(CAP_KILL) |  \
     VT_CAP(CAP_SETGID) | VT_CAP(CAP_SETUID) | VT_CAP(CAP_SETPCAP) | VT_CAP(CAP_NET_ADMIN) | \
     VT_CAP(CAP_NET_RAW) | VT_CAP(CAP_NET_BIND_SERVICE) | VT_CAP(CAP_SYS_NICE) |             \
     VT_CAP(CAP_SYS_RESOURCE) | VT_CAP(CAP_IPC_LOCK))

/* The effective capabilities of this process; none when /proc does not tell. */
uint64_t vt_caps_effective(void);

/* The effective capabilities that the file @status tells of, which is as /proc/PID/status; none if
 * it does not. Returns 0, or a negative errno when it cannot be read. */
int vt_caps_effective_at(const char *status, uint64_t *ret) VT_MUST_CHECK;

/*
 * Take from the calling thread, for what it executes, all capabilities but @keep. A thread without
 * SETPCAP may not, and keeps what it has. Async-signal-safe, as a forked child needs it.
 */
void vt_caps_bound(uint64_t keep);
