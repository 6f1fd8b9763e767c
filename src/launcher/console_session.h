/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `virtainer console`: a person, or a script, on the guest's console through the launcher. */
#pragma once

#include "base/error.h"

struct vt_console_session {
    const char *control;   /* the path of the launcher's socket */
    const char *guest;     /* its name, for what is said to a person */
    int escape;            /* the escape character, or VT_ESCAPE_NONE */
    unsigned wait_seconds; /* how long the guest must be silent after standard input's end */
};

/*
 * Connect standard input and output with the guest's console. A terminal on standard input is raw
 * meanwhile, and restored whatever happens but SIGKILL. Returns 0 when the person left, when
 * standard input has ended and the guest was silent since, or when the guest is off; or a negative
 * errno with @err. A signal that ends programs ends this one.
 */
int vt_console_session_run(const struct vt_console_session *session,
                           struct vt_error *err) VT_MUST_CHECK;
