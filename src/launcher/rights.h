/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the container may do what a virtainer has to: docs/privileges.md is the table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Check the effective capabilities @have (host/caps.h). @low_ports: whether a service on ports 53
 * and 67 needs a capability, which only the guest's network does. The error names all that lack,
 * as flags. NET_ADMIN is net/check.h's.
 */
int vt_rights_check_caps(uint64_t have, bool low_ports, struct vt_error *err) VT_MUST_CHECK;

/*
 * Check that user @uid, which is called @name, exists in the user namespace whose
 * /proc/self/uid_map holds @map.
 */
int vt_rights_check_user(const char *map, unsigned uid, const char *name,
                         struct vt_error *err) VT_MUST_CHECK;

/* Whether to listen on @port needs a capability in this network namespace. */
bool vt_rights_port_is_guarded(uint64_t port);

/* Both for this process, with QEMU's user. @network: whether the guest gets one. */
int vt_rights_check(bool network, struct vt_error *err) VT_MUST_CHECK;
