/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's control socket: what `virtainer stop`, `save` and `console` in `docker exec` talk
 * to (docs/control-protocol.md). It is served by the loop; before that runs, who connects waits in
 * the socket's backlog. Clients may be slow, silent, gone or talk nonsense: each has bounded
 * memory, there is a bounded number of them, and nothing here waits for one but the very end, a
 * little.
 */
#pragma once

#include "config/config.h"
#include "launcher/status.h"

#define VT_CONTROL_PATH VT_RUN_DIR "/control"

struct vt_control;

struct vt_control_handlers {
    /*
     * A wish to stop the guest, also while it is being stopped already. Who asked is told all
     * progress and the end, unless this fails: then the error is the answer. @grace_seconds is -1
     * for as configured, @how VT_HOW_SAME likewise.
     */
    int (*on_stop)(enum vt_stop_how how, int64_t grace_seconds, struct vt_error *err, void *data);
    /* Somebody types on the console. Returns false when no more should come before
     * vt_control_resume(). */
    bool (*on_type)(const char *text, size_t len, void *data);
    void *data;
};

/* Make the socket at @path (mode 0600) in place of whatever is there, and serve it. */
int vt_control_new(struct vt_control **ret, const char *path,
                   const struct vt_control_handlers *handlers, struct vt_error *err) VT_MUST_CHECK;

/* Tell @text, a line without its newline, to every client that waits for the guest to stop. */
void vt_control_progress(struct vt_control *control, const char *text);

/* The guest's console says @len bytes of @text: for every console client, and for the history that
 * the next one sees first. */
void vt_control_console(struct vt_control *control, const char *text, size_t len);

/* Tell @text, a line without its newline, to every console client. */
void vt_control_console_notice(struct vt_control *control, const char *text);

/* The guest has taken what was typed: more may come. */
void vt_control_resume(struct vt_control *control);

/*
 * It is over, with exit status @status and @error (NULL: none): tell everybody, also who still
 * waits in the backlog, and remove the socket. Outside the loop. Waits a little for the clients to
 * end, as the end of a container's PID 1 kills them before they can say it. @control (which may be
 * NULL) is freed.
 */
void vt_control_finish(struct vt_control *control, int status, const char *error);
