/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything between what a person asked for and a guest that can be started: image, overlay, seed,
 * network, accelerator, libvirtd. Ordered so that what only looks comes before what changes
 * anything.
 */
#pragma once

#include "config/config.h"
#include "image/overlay.h"
#include "image/probe.h"
#include "launcher/cards.h"
#include "launcher/daemon.h"
#include "launcher/data_dir.h"
#include "launcher/phone_home.h"
#include "launcher/saved.h"
#include "net/plan.h"
#include "net/rules.h"
#include "seed/seed.h"
#include "vm/accel.h"
#include "vm/osinfo.h"

struct vt_prepared {
    struct vt_accel_choice accel;
    struct vt_hardware hardware; /* what the guest has: at first, what its system can drive */
    struct vt_cards cards;       /* zeroes with a ready ISO */
    char *hardware_notice;       /* a sentence about OS_VARIANT, or NULL */
    struct vt_seed seed;
    bool seed_ignored;     /* it changed, but not its instance-id: cloud-init will not apply it */
    const char *seed_path; /* of the ISO that the guest gets */
    struct vt_data_dir data;
    struct vt_base base;
    char *overlay_path; /* before the overlay is prepared, and while there is none */
    struct vt_overlay overlay;
    char *uuid;
    enum vt_network network;    /* what the guest gets: not auto */
    char *network_reason;       /* why NETWORK=auto is not nat: an error's words; or NULL */
    struct vt_net_plan net;     /* unless network is none */
    unsigned card_mtu;          /* of the guest's network card, as struct vt_domain_spec has it */
    unsigned serial_ports;      /* as struct vt_domain_spec has it */
    bool lan_taken;             /* with bridge, from when the guest has the container's addresses */
    pid_t dhcp_pid;             /* with nat, and with bridge if it serves anybody; else 0 */
    struct vt_rules_mark rules; /* with nat and bridge */
    pid_t passt_pid;            /* with user, once the guest is being started */
    struct vt_saved saved;      /* VT_SAVED_FITS: the guest is resumed from it */
    char *no_ip6;       /* why the guest has IPv4 only and what to do; NULL: it is right so */
    char *hidden;       /* ports of others that nobody reaches now, "80/tcp"; NULL: none */
    char *saved_notice; /* a sentence about one that was set aside, or NULL */
    struct vt_phone_home *phone_home; /* NULL: cloud-init is not told to call */
    struct vt_daemon *daemon;
};

/*
 * Prepare all of it. A stop signal ends it with -ECANCELED and VT_CAUSE_NONE. What it returns lives
 * as long as the process. @on_daemon_restart and @data are for vt_daemon_start().
 */
int vt_prepare(const struct vt_config *config, struct vt_prepared *ret,
               vt_daemon_callback on_daemon_restart, void *data,
               struct vt_error *err) VT_MUST_CHECK;

/* What this guest's saved memory has to fit; the strings are @prepared's and @config's. */
struct vt_saved_facts vt_prepared_facts(const struct vt_prepared *prepared,
                                        const struct vt_config *config);

/* What a resumed guest has to find again, or NULL; the caller frees it: with nat the network as
 * struct vt_config writes it, with user the guest's address, with bridge what vt_lan_text() says.
 */
char *vt_prepared_cidr(const struct vt_prepared *prepared);

/* The saved memory does not fit, for @reason (half a sentence): set it aside, and say so in
 * prepared->saved_notice. What the network was planned with for its sake is as for a boot: the MTU
 * of the card, and with user the guest's address; a passt that runs already does not know that.
 * With bridge an address that was learned then is forgotten; it is listened for as before.
 * With nat the subnet stays: libvirt's word comes when that is in force, and a guest that boots
 * asks DHCP for whatever it is. */
int vt_prepared_set_aside(struct vt_prepared *prepared, const char *reason,
                          struct vt_error *err) VT_MUST_CHECK;
