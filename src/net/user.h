/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NETWORK=user: the guest behind passt, which opens the guest's connections as ordinary sockets of
 * the container. So nothing of the network is changed, and no capability, device or rule is needed.
 * The guest gets the container's own addresses and its name servers.
 */
#pragma once

#include <sys/types.h>

#include "net/plan.h"
#include "net/user_socket.h"

/* Which ports reach the guest without PORTS; for a person. Each costs the kernel 4 to 5 KB,
 * listening or not. */
#define VT_USER_PORTS "TCP ports 1 to 9999 and UDP ports 1 to 1023"

/* Where processes of the container reach the guest, whatever the container's address is. */
#define VT_USER_WAY_IN "127.0.0.1"

/*
 * The guest's name server where the container's is one that the guest could not reach (Docker's at
 * 127.0.0.11): passt hands on what comes there. Link-local, so it is nobody's; not podman's.
 */
#define VT_USER_HOST 0xa9fe6401U /* 169.254.100.1 */

/*
 * Whether passt can be used here: the container has a network of its own, the program is there, and
 * may shut itself off in a user namespace. Each error names the flag to add.
 */
int vt_user_check(struct vt_error *err) VT_MUST_CHECK;

/*
 * The plan for a guest behind passt: gateway is VT_USER_HOST, guest
 * the container's address, or @kept, which the guest has already (NULL: none). @ports are PORTS;
 * their list stays the caller's. Returns -EADDRNOTAVAIL when the container has no IPv4 address.
 */
int vt_user_plan_make(const struct vt_ports *ports, const struct vt_net_view *view, const char *mac,
                      const char *kept, struct vt_net_plan *ret,
                      struct vt_error *err) VT_MUST_CHECK;

/* Whether passt can do what PORTS and ALLOW_FROM in @config ask for: it forwards TCP and UDP alone,
 * and for everybody. VT_CAUSE_USAGE. */
int vt_user_check_wishes(const struct vt_config *config, struct vt_error *err) VT_MUST_CHECK;

/* passt's arguments, for one that waits for QEMU or has a connection to it; ended by NULL; pure.
 * Owned by the caller, as those of vt_dhcp_argv(). */
char **vt_user_argv(const struct vt_net_plan *plan, bool connected);

/*
 * Start passt and wait until it listens. Returns its process id, which is to be watched as a
 * child's, or a negative errno: -ECANCELED when @cancel_fd (-1: none) became readable.
 */
pid_t vt_user_start(const struct vt_net_plan *plan, int cancel_fd,
                    struct vt_error *err) VT_MUST_CHECK;

/*
 * The place of a passt that has ended, where QEMU comes back: a descriptor that is readable when it
 * does, owned by the caller; or a negative errno.
 */
int vt_user_listen(struct vt_error *err) VT_MUST_CHECK;

/* As vt_user_start(), for the connection @qemu of QEMU's, which stays the caller's: who calls the
 * guest meets no passt without QEMU, which would not survive that (seen in 2025_05_03). */
pid_t vt_user_start_for(const struct vt_net_plan *plan, int qemu, int cancel_fd,
                        struct vt_error *err) VT_MUST_CHECK;

/* End the passt that runs as our child @pid and reap it. Nothing happens where it was reaped
 * already, by who waits for all children. */
void vt_user_end(pid_t pid);
