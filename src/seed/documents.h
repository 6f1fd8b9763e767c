/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of a NoCloud seed from what a person gave. Pure: nothing here reads or writes a file.
 */
#pragma once

#include <stddef.h>

#include "seed/keys.h"

/* What cloud-init will take a user-data or vendor-data document for, by cloud-init's own rules. */
enum vt_data_format {
    VT_DATA_EMPTY,        /* nothing but white space: ignored */
    VT_DATA_CLOUD_CONFIG, /* YAML */
    VT_DATA_OTHER,        /* script, MIME, jinja, include, archive, gzip, …: not ours to judge */
    VT_DATA_UNKNOWN,      /* no header cloud-init knows: ignored, with a line in its log */
};

enum vt_data_format vt_data_format(const char *text, size_t len);

/* A cloud-config that gives the image's default user @password, which must pass
 * vt_password_check(). */
char *vt_password_config(const char *password);

/*
 * The part of a cloud-config that has cloud-init post its host keys to @url (letters, digits and
 * "/:.-") when an instance's first boot is done. One try: who listens does so before the guest
 * runs, and waiting for nobody would hold up the boot.
 */
char *vt_phone_home_config(const char *url);

/* A network card of the guest's. */
struct vt_seed_card {
    const char *mac;
    size_t number; /* the guest's system is to call it eth and this */
};

/*
 * A network-config (version 2) for @cards, the first of which the boot waits for: each asks for its
 * addresses. They are named, as before cloud-init 22.2 one that is not got a configuration for an
 * interface of its entry's name.
 */
char *vt_network_config(const struct vt_seed_card *cards, size_t count);

/* The part of a cloud-config that has cloud-init look at the network-config at each boot, and not
 * only at an instance's first. */
char *vt_network_update_config(void);

/* The least user-data: the file must be there, and a bare "#cloud-config" makes cloud-init warn. */
char *vt_empty_config(void);

/*
 * Meta-data from @own (what a person mounted; may be NULL) with @instance_id and @hostname where
 * @own has none (NULL: add nothing), and @keys added to its public-keys. Returns a new string, or
 * NULL when @own cannot be extended.
 */
char *vt_meta_data(const char *own, size_t own_len, const char *instance_id, const char *hostname,
                   const struct vt_keys *keys);
