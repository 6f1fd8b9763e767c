/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's SSH host keys, as cloud-init tells them, and OpenSSH's known_hosts made from them.
 * Pure. Keys come from the guest, so nothing is certain about them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* More than the types that sshd makes. */
#define VT_HOST_KEYS_MAX 8

struct vt_host_keys {
    char *lines[VT_HOST_KEYS_MAX]; /* "type base64" */
    size_t count;
};

void vt_host_keys_done(struct vt_host_keys *keys);

/*
 * Add the key of one line of a public key file ("type base64[ comment]", white space around it).
 * Returns false, and adds nothing, when that is no whole public key or there are too many. One of
 * the same type and content is added once.
 */
bool vt_host_keys_add(struct vt_host_keys *keys, const char *text, size_t len);

/* Read back what vt_known_hosts_text() made; what is no whole key there is left out. */
void vt_known_hosts_parse(const char *text, struct vt_host_keys *ret);

/*
 * Add @from to @keys. A key takes the place of another one of its type; returns whether that
 * happened: the guest's identity has changed.
 */
bool vt_host_keys_merge(struct vt_host_keys *keys, const struct vt_host_keys *from);

/*
 * known_hosts for @address and VT_SSH_HOST_ALIAS, after a comment that names @instance_id, from
 * which vt_known_hosts_instance() reads it back. The caller frees both results; the latter is NULL
 * when @text has none.
 */
char *vt_known_hosts_text(const struct vt_host_keys *keys, const char *address,
                          const char *instance_id);
char *vt_known_hosts_instance(const char *text);
