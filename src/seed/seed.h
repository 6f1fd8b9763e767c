/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest is told at its first boot: the NoCloud documents that cloud-init reads from a
 * small disc, from what a person mounted under /tmp, by the precedence of the contract:
 *
 *     ready ISO  >  user-data (+ meta-data or generated)  >  key  >  nothing (password "password")
 *
 * - Keys always arrive through meta-data's public-keys, which cloud-init adds to whatever the
 * user-data says. Mounted meta-data that has public-keys of its own keeps them; ours are added to
 * them.
 * - PASSWORD goes into the user-data if that is ours, else into vendor-data, which cloud-init puts
 * beneath the user-data: `users:`, `ssh_pwauth:` or `password:` in the person's user-data win. With
 * both user-data and vendor-data mounted there is no place left for it, and that is an error.
 * - Mounted meta-data wins over INSTANCE_ID and HOSTNAME_IN_GUEST, which fill in what it does not
 * have.
 * - The well-known password is for those who said nothing about who may log in: vendor-data, or
 * meta-data with public-keys, says something.
 *
 * Mounted documents reach the guest byte for byte, except that meta-data is written anew when
 * something is added to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "seed/documents.h"

struct vt_seed_doc {
    char *text; /* NULL: there is none; else NUL-terminated, though it may have NULs of its own */
    size_t len;
    char *origin; /* the path where it was mounted, or "generated" */
};

enum vt_seed_kind {
    VT_SEED_READY_ISO,        /* used as it is; no document is set */
    VT_SEED_USER_DATA,        /* the person's user-data or vendor-data, with or without a key */
    VT_SEED_KEY,              /* a key, or meta-data with public-keys; no user-data */
    VT_SEED_PASSWORD,         /* PASSWORD alone */
    VT_SEED_DEFAULT_PASSWORD, /* nothing: the well-known password, to be warned of */
};

struct vt_seed {
    enum vt_seed_kind kind;
    char *ready_iso; /* VT_SEED_READY_ISO: its path */
    struct vt_seed_doc user_data;
    struct vt_seed_doc meta_data;
    struct vt_seed_doc vendor_data;
    struct vt_seed_doc network_config;
    size_t key_count;    /* keys read from /tmp/id_rsa.pub */
    bool own_key;        /* vt_seed_add_key() added one of the launcher's */
    bool password_set;   /* the seed sets PASSWORD for the default user */
    char *made_password; /* PASSWORD=random: what was made, to be printed once; else NULL */
    char *instance_id;   /* what cloud-init will see, or NULL when the meta-data has none */
    char *warnings[8];   /* one sentence each, for the person; ended by NULL */
};

#define VT_AUTO_SEED VT_CLEANUP(vt_seed_done)

/*
 * Read and check everything, changing nothing. @root is put before each path ("" in production).
 * Returns 0, or a negative errno with @err: VT_CAUSE_SEED, or VT_CAUSE_USAGE for a PASSWORD that
 * cannot be one.
 *
 * cloud-init applies a password once per instance-id. Whoever starts an old overlay with
 * PASSWORD=random must therefore put the remembered password into @config first, or the new one
 * would be printed and not work.
 */
int vt_seed_collect(const struct vt_config *config, const char *root, struct vt_seed *ret,
                    struct vt_error *err) VT_MUST_CHECK;

/*
 * "iid-" and 16 hexadecimal digits, another for any other documents; what INSTANCE_ID=auto uses.
 * Not for a ready ISO. The caller frees it.
 */
char *vt_seed_digest(const struct vt_seed *seed);

void vt_seed_done(struct vt_seed *seed);

/*
 * What the launcher adds of its own. Not for a ready ISO, and only after vt_seed_digest(): a digest
 * is of what a person gave, and INSTANCE_ID=auto was made from that already.
 */

/* Whether the person gave a key, as far as is seen without being cloud-init. */
bool vt_seed_has_key(const struct vt_seed *seed);

/* Add the public key @line to meta-data's public-keys. Returns false when nothing can be added to
 * mounted meta-data. */
bool vt_seed_add_key(struct vt_seed *seed, const char *line);

/* Whether there is a place for a phone_home of ours: no vendor-data is mounted, and the user-data
 * neither has one of its own nor says which host keys there are. */
bool vt_seed_can_phone_home(const struct vt_seed *seed);

/* Then have cloud-init post to @url when it has finished, by vendor-data. */
void vt_seed_add_phone_home(struct vt_seed *seed, const char *url);

/*
 * Tell of the guest's @cards, the one with the way out first. Without a
 * network-config cloud-init sets up one card alone, and remembers its MAC: this is for a guest that
 * has several, or others at the next start. That they are others cloud-init sees at a boot if it is
 * told by vendor-data to look, so not where that is mounted. A mounted network-config stays as it
 * is. Returns whether cloud-init looks, as far as it is seen without being cloud-init.
 */
bool vt_seed_add_cards(struct vt_seed *seed, const struct vt_seed_card *cards, size_t count);
