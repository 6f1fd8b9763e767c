/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/session.h"

#include "host/libvirt_error.h"
#include "vm/connect.h"

static int open_session(const char *name, struct vt_session *session, struct vt_error *err)
{
    session->conn = vt_libvirt_connect();
    if (!session->conn)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT,
                                "libvirtd does not answer (the launcher starts it with the guest, "
                                "and again when it has died)");
    session->domain = virDomainLookupByName(session->conn, name);
    if (!session->domain)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest %s is not there", name);
    return 0;
}

int vt_session_open(const char *name, struct vt_session *ret, struct vt_error *err)
{
    struct vt_session session = {NULL, NULL};
    int r = open_session(name, &session, err);

    if (r < 0)
        vt_session_done(&session);
    else
        *ret = session;
    return r;
}

void vt_session_done(struct vt_session *session)
{
    if (session->domain)
        (void)virDomainFree(session->domain);
    if (session->conn)
        (void)virConnectClose(session->conn);
    *session = (struct vt_session){NULL, NULL};
}

static enum vt_session_state state_of(int state, int reason)
{
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return VT_SESSION_RUNNING;
    case VIR_DOMAIN_PAUSED:
        return reason == VIR_DOMAIN_PAUSED_IOERROR ? VT_SESSION_PAUSED_BY_ERROR : VT_SESSION_PAUSED;
    case VIR_DOMAIN_PMSUSPENDED:
        return VT_SESSION_PAUSED;
    default:
        return VT_SESSION_OFF;
    }
}

int vt_session_state(struct vt_session *session, enum vt_session_state *ret, struct vt_error *err)
{
    int state, reason;

    if (virDomainGetState(session->domain, &state, &reason, 0) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "libvirtd does not tell the guest's state");
    *ret = state_of(state, reason);
    return 0;
}

int vt_session_pause(struct vt_session *session, struct vt_error *err)
{
    if (virDomainSuspend(session->domain) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest cannot be paused");
    return 0;
}

int vt_session_resume(struct vt_session *session, struct vt_error *err)
{
    if (virDomainResume(session->domain) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest cannot be resumed");
    return 0;
}

int vt_session_reset(struct vt_session *session, struct vt_error *err)
{
    if (virDomainReset(session->domain, 0) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest cannot be reset");
    return 0;
}

int vt_session_reboot(struct vt_session *session, bool by_agent, struct vt_error *err)
{
    unsigned how = by_agent ? VIR_DOMAIN_REBOOT_GUEST_AGENT : VIR_DOMAIN_REBOOT_ACPI_POWER_BTN;

    if (virDomainReboot(session->domain, how) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "the guest cannot be asked to reboot");
    return 0;
}
