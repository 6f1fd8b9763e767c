/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/libvirt_error.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdarg.h>

#include "base/str.h"

int vt_error_libvirt(struct vt_error *err, enum vt_cause cause, const char *format, ...)
{
    const char *reason = virGetLastErrorMessage();
    VT_AUTO_FREE char *what = NULL;
    va_list args;

    va_start(args, format);
    what = vt_vfmt(format, args);
    va_end(args);
    /* Words of QEMU or the guest agent in it may end in a newline. */
    (void)vt_error_set(err, cause, -EIO, "%s: %.*s", what, (int)strcspn(reason, "\n"), reason);
    virResetLastError();
    return -EIO;
}
