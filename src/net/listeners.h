/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who listens in the container's network already, at a port that will lead to the guest. */
#pragma once

#include "config/ports.h"

/*
 * Ask the kernel (sock_diag) for the TCP and UDP sockets that wait for anybody, and return the
 * ports of those that are not reached any more when @ports (none: all) lead to the guest:
 * "80/tcp,53/udp", owned by the caller. NULL if there are none, also where the kernel does not say.
 * Sockets at loopback addresses are not asked for: they are the container's own.
 */
char *vt_listeners_hidden(const struct vt_ports *ports);
