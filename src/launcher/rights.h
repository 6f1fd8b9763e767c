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

/* The same for this process. @network: whether the guest gets one. */
int vt_rights_check(bool network, struct vt_error *err) VT_MUST_CHECK;
