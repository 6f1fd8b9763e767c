/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's neighbours, and its news of them: when the guest first asks for the gateway, or
 * dnsmasq answers its DHCP, the kernel notes its address, and tells. So nobody has to knock at the
 * door of a guest that is not there yet, nor look again and again whether a gateway has answered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

/* A descriptor that is readable when there is news, owned by the caller; or a negative errno. */
int vt_neighbour_watch(struct vt_error *err) VT_MUST_CHECK;

/* Read all news on @fd. Returns whether the guest at @address (host order) may be there now: true
 * also when news was lost. */
bool vt_neighbour_news(int fd, uint32_t address);

/* One that is looked for. */
struct vt_neighbour {
    int index;            /* of its interface; 0: any */
    unsigned char family; /* AF_INET or AF_INET6 */
    const void *address;  /* of that family, network order */
    char *mac;            /* room for VT_MAC_TEXT bytes: "" until it is found */
};

/*
 * Ask those @count neighbours for their MACs, all at once, until each has answered or @patience
 * (ms) is over. Returns a negative errno when that could not be begun.
 */
int vt_neighbour_find(const struct vt_neighbour *list, size_t count, int patience,
                      struct vt_error *err) VT_MUST_CHECK;
