/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One try to reach the guest's SSH server: a connection that is closed again after the server's
 * greeting (RFC 4253, 4.2). A refused connection shows that the guest's network is up. Nothing here
 * waits: who uses it waits for the descriptor and decides when to give up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

#define VT_PROBE_PORT 22

enum vt_probe_result {
    VT_PROBE_PENDING, /* wait for the descriptor */
    VT_PROBE_SILENT,  /* nobody answered */
    VT_PROBE_ALIVE,   /* the guest answered, but no SSH server did */
    VT_PROBE_SSH,     /* an SSH server introduced itself */
};

struct vt_probe {
    int fd; /* -1: no try is under way */
    bool connected;
    size_t len;
    char greeting[256];
};

#define VT_PROBE_INIT      \
    {                      \
        .fd = -1, .len = 0 \
    }

/* Begin to connect to @port at the IPv4 @address. */
enum vt_probe_result vt_probe_start(struct vt_probe *probe, const char *address, unsigned port);

/* The descriptor is ready, for writing while not connected, then for reading: what came of it. Any
 * result but pending ends the try. */
enum vt_probe_result vt_probe_step(struct vt_probe *probe);

/* Give up: alive if it was connected at least. Also when no try is under way. */
enum vt_probe_result vt_probe_stop(struct vt_probe *probe);

/* Whether @arp, the text of /proc/net/arp, has a complete entry for @address: the guest answered
 * ARP, though it may drop connections. */
bool vt_probe_is_neighbour(const char *arp, const char *address);
