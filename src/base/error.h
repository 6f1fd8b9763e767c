/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as values. A function that can fail returns 0 or a negative errno and takes `struct
 * vt_error *err` last; err is set if and only if the result is negative, and belongs to the caller:
 *
 *     VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
 *     int r = vt_overlay_prepare(…, &err);
 *
 * The message is one sentence that says what happened, to which object, and what to do next. See
 * docs/error-handling.md.
 */
#pragma once

#include "base/cause.h"
#include "base/cleanup.h"

struct vt_error {
    enum vt_cause cause; /* decides the exit status */
    char *msg;           /* for a person; without a full stop or newline */
};

#define VT_ERROR_INIT       \
    {                       \
        VT_CAUSE_NONE, NULL \
    }
#define VT_AUTO_ERROR VT_CLEANUP(vt_error_done)

/* Free what @err holds and make it empty again. */
void vt_error_done(struct vt_error *err);

/*
 * Set @err (which may be NULL) and return @code, a negative errno, so that a caller can write
 * `return vt_error_set(err, VT_CAUSE_SEED, -EINVAL, "…")`. An error that was set before is
 * replaced.
 */
int vt_error_set(struct vt_error *err, enum vt_cause cause, int code, const char *format, ...)
    VT_PRINTF(4, 5);

/* The same for a failed system call: ": " and strerror(@errnum) are added. Returns -@errnum. */
int vt_error_errno(struct vt_error *err, enum vt_cause cause, int errnum, const char *format, ...)
    VT_PRINTF(4, 5);

/* Move @from into @to (which may be NULL), leaving @from empty. */
void vt_error_move(struct vt_error *to, struct vt_error *from);
