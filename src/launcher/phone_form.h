/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cloud-init's phone_home posts (cc_phone_home.py, 22.4 to 25.1): a form of instance_id,
 * hostname, fqdn, pub_key_rsa, pub_key_ecdsa and pub_key_ed25519; "N/A" for what it does not have.
 * Pure. Any process of the guest may post, and anything: all is bounded and checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launcher/host_keys.h"

enum vt_phone_field {
    VT_PHONE_INSTANCE_ID,
    VT_PHONE_HOSTNAME,
    VT_PHONE_KEY_RSA,
    VT_PHONE_KEY_ECDSA,
    VT_PHONE_KEY_ED25519,
    VT_PHONE_FIELDS,
};

struct vt_phone_form {
    char *values[VT_PHONE_FIELDS]; /* NULL: not posted */
    bool bad;                      /* a value was too long */
};

#define VT_AUTO_PHONE_FORM VT_CLEANUP(vt_phone_form_done)

void vt_phone_form_done(struct vt_phone_form *form);

/* Take @len bytes of the field @name's value that begin at @offset of it. Other fields are left
 * out; a piece that does not follow the last one makes the form bad. */
void vt_phone_form_add(struct vt_phone_form *form, const char *name, const char *data,
                       uint64_t offset, size_t len);

/* What a whole form says. */
struct vt_phone_call {
    char *instance_id;
    char *hostname; /* "" if there is none that can be shown */
    struct vt_host_keys keys;
};

#define VT_AUTO_PHONE_CALL VT_CLEANUP(vt_phone_call_done)

void vt_phone_call_done(struct vt_phone_call *call);

/* Returns 0, or -EBADMSG for a form without an instance-id in printable UTF-8; keys that are none
 * are left out. */
int vt_phone_form_read(const struct vt_phone_form *form, struct vt_phone_call *ret) VT_MUST_CHECK;
