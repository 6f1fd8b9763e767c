/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NETWORK=bridge on networks whose own DHCP gives the guest its address: the launcher learns that
 * from what the guest says (net/arp.h), for as long as it runs. The loop is woken by what is new
 * alone.
 */
#pragma once

#include "net/lan.h"

/*
 * From here on listen at the bridges of @lan, which are there; once in the process, before the
 * guest runs, and for nothing where vt_lan_learns() says no, or the right to is not there.
 * @callback is called in the loop when vt_lan_address() has become another. All lives as long as
 * the process.
 */
void vt_lan_watch(struct vt_lan *lan, void (*callback)(void *data), void *data);

/* The guest boots, though it was to be resumed, and what was learned is forgotten (lan_apply.h):
 * what is said of that address from now on is news. Before the loop runs. */
void vt_lan_watch_anew(void);
