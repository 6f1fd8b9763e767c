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
#include "config/ports.h"
#include "config/rate.h"
#include "config/sources.h"

enum vt_accel { VT_ACCEL_AUTO, VT_ACCEL_KVM, VT_ACCEL_TCG };
enum vt_firmware { VT_FIRMWARE_BIOS };
enum vt_video { VT_VIDEO_NONE, VT_VIDEO_VGA };
enum vt_network {
    VT_NETWORK_AUTO,
    VT_NETWORK_NAT,
    VT_NETWORK_USER,
    VT_NETWORK_BRIDGE,
    VT_NETWORK_NONE,
};
/* How a guest is stopped; "same" is for STOP_ON_…: as STOP_ACTION says. */
enum vt_stop_how { VT_HOW_SAME, VT_HOW_SHUTDOWN, VT_HOW_SAVE, VT_HOW_POWEROFF };
enum vt_own_key { VT_OWN_KEY_AUTO, VT_OWN_KEY_YES, VT_OWN_KEY_NO };

struct vt_config {
    uint64_t ram;  /* bytes */
    unsigned cpus; /* virtual CPUs */
    char *vm_name; /* libvirt's name of the domain */
    char *os_variant;
    char *image_dir;       /* the data directory */
    char *cloud_init_disk; /* where the seed ISO is made */
    bool cloud_init_disk_given;
    bool image_cache_given;
    char *image;         /* path of the base image or name in the catalogue, or NULL: look for it */
    char *image_name;    /* the name that the catalogue made image_url of, or NULL */
    char *image_cache;   /* the directory that virtainers share, whether it is there or not */
    char *catalogue_dir; /* of the person's own catalogue, or NULL */
    char *image_url;     /* where to download it from, or NULL */
    char *image_checksum;  /* "sha256:HEX", "sha512:HEX", a URL, or NULL */
    char *image_keyring;   /* of those who may sign a file of checksums, or NULL: nobody need */
    char *image_signature; /* where the catalogue has that signature, or NULL: within it or beside
                              it */
    uint64_t disk_size;    /* bytes */
    bool disk_size_given;  /* by the person, not by default */
    char *cidr;            /* first three octets of the guest's /24 */
    bool cidr_given;
    struct vt_ports ports;        /* that lead to the guest; none: all */
    struct vt_sources allow_from; /* whose packets do; none: everybody's */
    struct vt_rate ssh_rate;      /* how often a client may begin to talk to its SSH server */
    char *password;               /* for the image's default user, or NULL */
    char *instance_id;            /* cloud-init's; "auto": from the seed's content */
    char *hostname_in_guest;
    enum vt_accel accel;
    enum vt_firmware firmware;
    enum vt_network network;
    enum vt_video video;
    unsigned grace_period; /* seconds */
    enum vt_stop_how stop_action;
    enum vt_stop_how stop_on_int, stop_on_quit, stop_on_term;
    enum vt_stop_how grace_action; /* at the grace period's end: save or poweroff */
    bool resume;                   /* a saved state, if there is one that fits */
    bool phone_home;               /* cloud-init tells the launcher when it has finished */
    enum vt_own_key own_key;       /* whether the launcher adds an SSH key of its own */
    char *ssh_user;                /* whom `virtainer ssh` logs in as, or NULL: find out */
    enum vt_log_level log_level;
    enum vt_log_format log_format;
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

/*
 * Call @visit for each flag of `virtainer run` ("--disk-size") with what its value may be, ended by
 * NULL (NULL: anything).
 */
void vt_config_each_flag(void (*visit)(const char *flag, const char *const *values, void *data),
                         void *data);

const char *vt_accel_name(enum vt_accel accel);
const char *vt_network_name(enum vt_network network);
const char *vt_video_name(enum vt_video video);
const char *vt_stop_how_name(enum vt_stop_how how);
/* The value called @name but "same", or VT_HOW_SAME when there is none. */
enum vt_stop_how vt_stop_how_find(const char *name);
