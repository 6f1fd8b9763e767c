/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest through libvirt for a command in `docker exec`: a short connection of its own, without
 * event loop and without events. Every call blocks until libvirtd answers.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "base/error.h"

struct vt_session {
    virConnectPtr conn;
    virDomainPtr domain;
};

#define VT_AUTO_SESSION VT_CLEANUP(vt_session_done)

/* Connect to libvirtd and find the guest called @name; VT_CAUSE_LIBVIRT when that fails. */
int vt_session_open(const char *name, struct vt_session *ret, struct vt_error *err) VT_MUST_CHECK;
void vt_session_done(struct vt_session *session);

enum vt_session_state {
    VT_SESSION_RUNNING,
    VT_SESSION_PAUSED,
    VT_SESSION_PAUSED_BY_ERROR, /* its disk could not be written */
    VT_SESSION_OFF,             /* or about to be */
};

int vt_session_state(struct vt_session *session, enum vt_session_state *ret,
                     struct vt_error *err) VT_MUST_CHECK;

/* Stop the guest's CPUs, and let them go on. Done again, they change nothing. */
int vt_session_pause(struct vt_session *session, struct vt_error *err) VT_MUST_CHECK;
int vt_session_resume(struct vt_session *session, struct vt_error *err) VT_MUST_CHECK;

/* Press the reset button: the guest has no chance to write what it has not written. */
int vt_session_reset(struct vt_session *session, struct vt_error *err) VT_MUST_CHECK;

/*
 * Ask the guest to reboot: by its agent, or by the ACPI power button, after which libvirt resets
 * the machine where it would otherwise end.
 */
int vt_session_reboot(struct vt_session *session, bool by_agent,
                      struct vt_error *err) VT_MUST_CHECK;
