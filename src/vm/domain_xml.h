/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest as libvirt's domain XML (https://libvirt.org/formatdomain.html): pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/osinfo.h"

/* Names of the descriptor groups through which QEMU gets its files; see domain.h. */
#define VT_FDGROUP_OVERLAY "overlay"
#define VT_FDGROUP_BASE    "base"
#define VT_FDGROUP_SEED    "seed"

/* A network card at a bridge of ours. */
struct vt_domain_card {
    const char *bridge;
    const char *mac;
    unsigned mtu; /* told to the guest; 0: the usual one */
};

/* As many as the guest agent needs: libvirt keeps the first for a console. */
#define VT_DOMAIN_SERIAL_PORTS 2U

/* Everything that decides what the guest is. Strings belong to the caller. */
struct vt_domain_spec {
    const char *name;
    const char *uuid;
    const char *os_variant; /* NULL: not told */
    struct vt_hardware hardware;
    uint64_t ram; /* bytes, a multiple of 1 MiB */
    unsigned cpus;
    bool kvm;
    bool kvm_emulated; /* see struct vt_accel_choice */
    const char *emulator;
    const char *overlay;                /* path */
    const char *base;                   /* path; NULL: the overlay needs none */
    const char *base_format;            /* "qcow2", "raw", … */
    const char *seed;                   /* path of the seed ISO */
    bool vga;                           /* a video card */
    const char *network;                /* libvirt's name of it; NULL: none */
    bool passt;                         /* instead of it a network card behind passt */
    const struct vt_domain_card *cards; /* instead of both these */
    size_t card_count;
    const char *mac;         /* of the network card */
    unsigned mtu;            /* of the network card, as in struct vt_domain_card */
    unsigned serial_ports;   /* that the virtio-serial device has room for; 0: as libvirt has it */
    const char *console_log; /* path of the pipe that gets all the guest's serial console says */
};

/* The domain XML; owned by the caller. */
char *vt_domain_xml(const struct vt_domain_spec *spec);

/* The path of the pseudo-terminal of the guest's console in @xml, which libvirt gave for a running
 * guest; owned by the caller, or NULL. */
char *vt_domain_console_path(const char *xml);
