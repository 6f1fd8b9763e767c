/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's news of neighbours: when the guest first asks for the gateway, or dnsmasq answers
 * its DHCP, the kernel notes its address, and tells. So nobody has to knock at the door of a guest
 * that is not there yet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A descriptor that is readable when there is news, owned by the caller; or a negative errno. */
int vt_neighbour_watch(struct vt_error *err) VT_MUST_CHECK;

/* Read all news on @fd. Returns whether the guest at @address (host order) may be there now: true
 * also when news was lost. */
bool vt_neighbour_news(int fd, uint32_t address);
