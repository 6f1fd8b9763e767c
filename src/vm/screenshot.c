/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/screenshot.h"

#include <errno.h>
#include <libvirt/virterror.h>

#include "host/libvirt_error.h"

static void free_stream(virStreamPtr *stream)
{
    if (*stream)
        (void)virStreamFree(*stream);
}

#define AUTO_STREAM VT_CLEANUP(free_stream)

bool vt_screenshot_is_possible(const char *xml)
{
    return strstr(xml, "<video>") != NULL;
}

static int fail(struct vt_error *err)
{
    return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot take a picture of the guest's screen");
}

static int receive(virStreamPtr stream, struct vt_buf *ret, struct vt_error *err)
{
    char chunk[65536];
    int n;

    while ((n = virStreamRecv(stream, chunk, sizeof(chunk))) > 0)
        vt_buf_add(ret, chunk, (size_t)n);
    if (n < 0 || virStreamFinish(stream) < 0)
        return fail(err);
    if (ret->overflowed)
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -EFBIG, "the guest's screen is too large");
    return 0;
}

int vt_screenshot(struct vt_session *session, struct vt_buf *ret_png, struct vt_error *err)
{
    VT_AUTO_FREE char *xml = virDomainGetXMLDesc(session->domain, 0);
    AUTO_STREAM virStreamPtr stream = virStreamNew(session->conn, 0);
    VT_AUTO_FREE char *type = NULL;

    if (!xml || !stream)
        return fail(err);
    if (!vt_screenshot_is_possible(xml))
        return vt_error_set(err, VT_CAUSE_USAGE, -ENODEV,
                            "the guest has no screen: start it with VIDEO=vga (its serial console "
                            "is in docker logs)");
    type = virDomainScreenshot(session->domain, stream, 0, 0);
    if (!type)
        return fail(err);
    /* libvirt before 9.0, or a QEMU without libpng, gives a bitmap of another kind. */
    if (!vt_streq(type, "image/png"))
        return vt_error_set(err, VT_CAUSE_LIBVIRT, -ENOTSUP,
                            "this QEMU makes pictures of the type %s only, not PNG", type);
    return receive(stream, ret_png, err);
}
