/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest through SSH: Debian's ssh client, run by argument vector, with the launcher's key and
 * what it knows of the guest's host keys. Errors have VT_CAUSE_NO_WAY_IN when the guest does not
 * let us in.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Under this name the guest's host keys stand in known_hosts (ssh's HostKeyAlias). */
#define VT_SSH_HOST_ALIAS "virtainer-guest"

/* What there is to get in with. Strings belong to the caller. */
struct vt_ssh_target {
    const char *address; /* the guest's, between container and guest; NULL: it has no network */
    const char *dir;     /* with id_ed25519, known_hosts and user; need not exist */
    const char *user;    /* as the person wants it, or NULL: find out */
};

struct vt_ssh {
    char *address;
    char *dir;
    char *user;
    bool user_cached; /* it is what we found out another time */
};

#define VT_AUTO_SSH VT_CLEANUP(vt_ssh_done)

void vt_ssh_done(struct vt_ssh *ssh);

/*
 * Find out as whom to log in. Without a wish, root is tried, which cloud images answer with the
 * name of their default user; what was found is kept in the directory.
 */
int vt_ssh_open(const struct vt_ssh_target *target, struct vt_ssh *ret,
                struct vt_error *err) VT_MUST_CHECK;

struct vt_ssh_io {
    int in, out;   /* as in struct vt_spawn */
    bool terminal; /* the person sits at one: give the guest's program one too, and let ssh ask */
    void (*tick)(void *data); /* called twice a second, or NULL */
    void *data;
};

/*
 * Run @command (for the shell of the guest's user; NULL: that shell itself). Returns its exit
 * status, or a negative errno with @err when ssh did not get that far.
 */
int vt_ssh_run(struct vt_ssh *ssh, const char *command, const struct vt_ssh_io *io,
               struct vt_error *err) VT_MUST_CHECK;

/* @argv as one line that a POSIX shell reads as these words; the caller frees it. */
char *vt_shell_quote(const char *const *argv);

/*
 * The user that cloud-init's answer to a login as root names ('Please login as the user "debian"
 * rather than the user "root".'), or NULL. @text comes from the guest: only a plain user name is
 * taken. The caller frees it.
 */
char *vt_ssh_user_in(const char *text);
