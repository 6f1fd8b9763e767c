/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <string.h>

#include "base/str.h"

void vt_error_done(struct vt_error *err)
{
    free(err->msg);
    err->msg = NULL;
    err->cause = VT_CAUSE_NONE;
}

static void set_message(struct vt_error *err, enum vt_cause cause, char *msg)
{
    vt_error_done(err);
    err->cause = cause;
    err->msg = msg;
}

int vt_error_set(struct vt_error *err, enum vt_cause cause, int code, const char *format, ...)
{
    if (err) {
        va_list args;

        va_start(args, format);
        set_message(err, cause, vt_vfmt(format, args));
        va_end(args);
    }
    return code < 0 ? code : -code;
}

int vt_error_errno(struct vt_error *err, enum vt_cause cause, int errnum, const char *format, ...)
{
    if (err) {
        VT_AUTO_FREE char *what = NULL;
        va_list args;

        va_start(args, format);
        what = vt_vfmt(format, args);
        va_end(args);
        set_message(err, cause, vt_fmt("%s: %s", what, strerror(errnum)));
    }
    return -errnum;
}

void vt_error_move(struct vt_error *to, struct vt_error *from)
{
    if (to) {
        vt_error_done(to);
        *to = *from;
        *from = (struct vt_error)VT_ERROR_INIT;
    } else {
        vt_error_done(from);
    }
}
