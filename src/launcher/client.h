/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands' end of the launcher's control socket (docs/control-protocol.md). */
#pragma once

#include "base/str.h"
#include "launcher/protocol.h"

struct vt_client {
    int fd;
    struct vt_buf in; /* what came and was not yet looked at */
};

#define VT_CLIENT_INIT                                    \
    {                                                     \
        -1, VT_BUF_INIT((size_t)2 * VT_PROTOCOL_LINE_MAX) \
    }
#define VT_AUTO_CLIENT VT_CLEANUP(vt_client_close)

/*
 * Connect to the launcher that listens at @path and send @request. Returns 0 or a negative errno
 * with @err: VT_CAUSE_USAGE when no virtainer runs here or this user may not talk to it.
 */
int vt_client_open(struct vt_client *client, const char *path, const struct vt_request *request,
                   struct vt_error *err) VT_MUST_CHECK;

/* Hang up. A launcher at its end waits for this, so better leave it to the process's end. */
void vt_client_close(struct vt_client *client);

/*
 * Wait at most @timeout_ms (-1: for ever) for the next answer. Returns 0, -ETIMEDOUT (without
 * @err), or another negative errno with @err when the launcher has gone without a word.
 */
int vt_client_next(struct vt_client *client, int timeout_ms, struct vt_answer *ret,
                   struct vt_error *err) VT_MUST_CHECK;

/* The launcher's process id, or a negative errno. */
pid_t vt_client_launcher(const struct vt_client *client);

/*
 * Stop the guest. With @wait, @on_progress is called with each line of progress, and the result is
 * the exit status that the launcher ends with, *@ret_error then being its error (owned by the
 * caller) or NULL; without, it is 0 as soon as the launcher has heard it. A launcher that still
 * prepares its guest has no ear for us but for a signal, and gets one. Returns a negative errno
 * with
 * @err when the launcher cannot be asked.
 */
int vt_client_stop(const char *path, const struct vt_request *request, bool wait,
                   void (*on_progress)(const char *text), char **ret_error,
                   struct vt_error *err) VT_MUST_CHECK;
