/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's MAC address, the same at every start. */
#pragma once

#include "net/plan.h"

/*
 * Read the MAC address kept in the file @path; when there is none yet, make one (52:54:00 and three
 * random bytes) and keep it there, with the owner of @owner_like (may be NULL). @mac becomes
 * lower-case text.
 */
int vt_mac_load(const char *path, const char *owner_like, char mac[VT_MAC_TEXT],
                struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether @text is a MAC address that a guest can have: six colon-separated bytes, neither all zero
 * nor multicast. @mac becomes its lower-case form, untouched on failure.
 */
int vt_mac_parse(const char *text, char mac[VT_MAC_TEXT]) VT_MUST_CHECK;

/* The MAC of the bridge of the guest whose MAC is @mac: with one bit changed, the same after every
 * start. */
void vt_mac_of_bridge(const char *mac, char bridge_mac[VT_MAC_TEXT]);
