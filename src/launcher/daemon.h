/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirtd as our child: started with its socket already listening (as systemd's socket activation
 * does), so that whoever connects waits for it instead of asking again and again, and started again
 * when it dies, which the guest does not notice.
 */
#pragma once

#include "base/error.h"

struct vt_daemon;

/* libvirtd was started again after it died; called in the loop. */
typedef void (*vt_daemon_callback)(void *data);

/* Clear what an earlier run left of libvirt's run-time state and start libvirtd. */
int vt_daemon_start(struct vt_daemon **ret, vt_daemon_callback on_restart, void *callback_data,
                    struct vt_error *err) VT_MUST_CHECK;

/* A descriptor that is readable when the libvirtd of the start has ended; for waits outside the
 * loop. */
int vt_daemon_fd(const struct vt_daemon *daemon);

/* The end of what libvirtd wrote to its log, for a person who must know why it failed; the caller
 * frees it. */
char *vt_daemon_last_words(void);

/* From here on the loop watches over libvirtd. */
void vt_daemon_supervise(struct vt_daemon *daemon);
