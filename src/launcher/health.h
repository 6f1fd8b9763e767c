/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The health check that costs next to nothing: state.json and whether QEMU lives. Apart from the
 * command, so that the program virtainer-healthcheck can be made of it alone: an engine runs it
 * every few seconds, and to load the libraries of the whole program takes ten times as long.
 */
#pragma once

#include "launcher/status.h"

/* A program of the person's that decides instead, as in docker-vbox. */
#define VT_OWN_HEALTHCHECK "/usr/local/bin/healthcheck"

/* Become VT_OWN_HEALTHCHECK, if it is there and not what calls us. Returns if not. */
void vt_health_exec_own(void);

/*
 * Whether @status is that of a healthy guest: running, paused, resuming, saving or saved, and not
 * in trouble. Returns 0, or a negative errno with an @err that says what is wrong.
 */
int vt_health_check(const struct vt_status *status, struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether the guest of @status can be used as far as that tells: cloud-init has ended, degraded at
 * worst, which is with errors that it could recover from; or no sign of it was seen, and the
 * guest's address is known or will never be. Pure; returns as above.
 */
int vt_health_check_ready(const struct vt_status *status, struct vt_error *err) VT_MUST_CHECK;

/* Log, as a warning, what a guest that is well may soon miss: with NETWORK=nat and bridge, room in
 * the container's table of connections. */
void vt_health_warn(const struct vt_status *status);
