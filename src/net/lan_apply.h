/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest takes the container's place on its networks, and gives it back. Everything is in the
 * network namespace itself, so that one that is shared (a pod) is whole again after the guest's
 * end, and what a killed virtainer left there is known by the next.
 */
#pragma once

#include "net/addr.h"
#include "net/lan.h"
#include "net/rules.h"

/*
 * Take the container's interfaces as @lan says: their addresses are noted and removed, each becomes
 * the port of a bridge of its own. From here on the container reaches the guest, and the world by
 * the guest's address. By @ret the rules are known that this takes. On failure it has what it had.
 */
int vt_lan_take(struct vt_lan *lan, struct vt_rules_mark *ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * The guest says that its address on the network of @port, one of @lan, is @address: from here on
 * the container reaches it there, and where it was before no more. port->learned is it also when
 * that fails. But with -EADDRINUSE nothing has changed: the container has a way to @address that
 * does not lead to the guest, which must not draw to itself what is another's.
 */
int vt_lan_learn(const struct vt_lan *lan, struct vt_lan_port *port, uint32_t address,
                 struct vt_error *err) VT_MUST_CHECK;

/* What was learned is of no use any more: the guest that vt_lan_resume() was for boots. */
void vt_lan_forget(struct vt_lan *lan);

/* Put only the rules in force, again. */
int vt_lan_apply_rules(const struct vt_lan *lan, struct vt_rules_mark *ret,
                       struct vt_error *err) VT_MUST_CHECK;

/*
 * Give the container back what vt_lan_take() took: at the guest's end, and what an earlier run
 * left. Returns -EBUSY when another guest still has it, 0 when there was nothing to do. The
 * addresses are the container's then, not at once those of its connections.
 */
int vt_lan_give_back(struct vt_error *err) VT_MUST_CHECK;

/* Whether @view shows something that vt_lan_give_back() is for. */
bool vt_lan_is_taken(const struct vt_net_view *view) VT_MUST_CHECK;
