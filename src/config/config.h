/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person asked for: one plain struct, filled from defaults, the environment and the flags of
 * `virtainer run`, in this order. Nothing below or beside this room reads the environment.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

enum vt_accel { VT_ACCEL_AUTO, VT_ACCEL_KVM, VT_ACCEL_TCG };
enum vt_network { VT_NETWORK_NAT, VT_NETWORK_NONE };

struct vt_config {
    uint64_t ram;  /* bytes */
    unsigned cpus; /* virtual CPUs */
    char *vm_name; /* libvirt's name of the domain */
    char *os_variant;
    char *image_dir;       /* the data directory */
    char *cloud_init_disk; /* where the seed ISO is made */
    char *image;           /* path of the base image, or NULL: look for it */
    char *image_url;       /* where to download it from, or NULL */
    char *image_checksum;  /* "sha256:HEX", or NULL */
    uint64_t disk_size;    /* bytes */
    bool disk_size_given;  /* by the person, not by default */
    char *cidr;            /* first three octets of the guest's /24 */
    bool cidr_given;
    char *password;    /* for the image's default user, or NULL */
    char *instance_id; /* cloud-init's; "auto": from the seed's content */
    char *hostname_in_guest;
    enum vt_accel accel;
    enum vt_network network;
    unsigned grace_period; /* seconds */
    enum vt_log_level log_level;
};

#define VT_AUTO_CONFIG VT_CLEANUP(vt_config_done)

/* Fill @config with the defaults. */
void vt_config_init(struct vt_config *config);
void vt_config_done(struct vt_config *config);

/* Read every variable of the contract that is set and not empty. */
int vt_config_read_env(struct vt_config *config, struct vt_error *err) VT_MUST_CHECK;

/*
 * Read the flags of `virtainer run` (@argv[0] is the command's name). Returns 0, 1 when --help was
 * asked for, or a negative errno.
 */
int vt_config_read_flags(struct vt_config *config, int argc, char *const argv[],
                         struct vt_error *err) VT_MUST_CHECK;

/* What no single value shows: IMAGE and IMAGE_URL together, more memory than there is. */
int vt_config_check(const struct vt_config *config, struct vt_error *err) VT_MUST_CHECK;

/* The table of variables and flags, for --help; owned by the caller. */
char *vt_config_help(void);

/* The same as the README's Markdown table. */
char *vt_config_markdown(void);

const char *vt_accel_name(enum vt_accel accel);
const char *vt_network_name(enum vt_network network);
