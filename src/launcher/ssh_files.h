/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the launcher knows for SSH to its guest, in .virtainer/ssh of the data directory: a key of
 * its own (id_ed25519, id_ed25519.pub) and the guest's host keys (known_hosts).
 */
#pragma once

#include "base/error.h"
#include "launcher/data_dir.h"
#include "launcher/host_keys.h"

/* The directory and what is in it; the caller frees the path. */
char *vt_ssh_file(const struct vt_data_dir *dir, const char *name);

/*
 * The launcher's own public key, one line without its end, owned by the caller; made with
 * ssh-keygen if it is not there yet. Whatever was cut off before is made again. Errors:
 * VT_CAUSE_DATA_DIR, VT_CAUSE_INTERNAL.
 */
int vt_ssh_own_key(const struct vt_data_dir *dir, int cancel_fd, char **ret,
                   struct vt_error *err) VT_MUST_CHECK;

/* The guest begins anew, on a new disk: its old host keys mean nothing. */
void vt_ssh_forget_hosts(const struct vt_data_dir *dir);

/*
 * Note the guest's host @keys for @address; nothing is written when all of that is noted already.
 * *@ret_changed: it had others before, though its @instance_id is the same.
 */
int vt_ssh_keep_hosts(const struct vt_data_dir *dir, const struct vt_host_keys *keys,
                      const char *address, const char *instance_id, bool *ret_changed,
                      struct vt_error *err) VT_MUST_CHECK;
