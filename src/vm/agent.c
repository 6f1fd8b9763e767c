/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/agent.h"

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include "base/str.h"

/* Seconds. An agent that has just answered is given more, as the guest may be busy. */
#define PING_TIMEOUT 2
#define CALL_TIMEOUT 10

/* Whether libvirt's error says that no answer came. */
static bool is_silence(int code)
{
#if LIBVIR_VERSION_NUMBER >= 11002000
    if (code == VIR_ERR_AGENT_COMMAND_TIMEOUT)
        return true;
#endif
    return code == VIR_ERR_AGENT_UNRESPONSIVE || code == VIR_ERR_AGENT_UNSYNCED;
}

/* libvirt's last error as ours. */
static int fail(struct vt_error *err)
{
    int code = virGetLastErrorCode();
    VT_AUTO_FREE char *text = vt_strdup(virGetLastErrorMessage());
    const char *said = strstr(text, "': ");

    virResetLastError();
    if (is_silence(code))
        return vt_error_set(err, VT_CAUSE_NO_WAY_IN, -ETIMEDOUT,
                            "the guest agent does not answer: %s", text);
    return vt_error_set(err, VT_CAUSE_INTERNAL, -EREMOTEIO, "the guest agent refuses: %s",
                        said ? said + 3 : text);
}

/* Send @request (freed here); *@ret_reply is owned by the caller. */
static int call(struct vt_session *session, char *request, int timeout, char **ret_reply,
                struct vt_error *err)
{
    *ret_reply = virDomainQemuAgentCommand(session->domain, request, timeout, 0);
    free(request);
    return *ret_reply ? 0 : fail(err);
}

static int nonsense(struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_NO_WAY_IN, -EBADMSG,
                        "the guest agent's answer is not what its protocol says");
}

/* A call whose answer is one number. */
static int call_for_number(struct vt_session *session, char *request, const char *member,
                           int64_t *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *reply = NULL;
    int r = call(session, request, CALL_TIMEOUT, &reply, err);

    if (r < 0)
        return r;
    return vt_agent_read_number(reply, member, ret) < 0 ? nonsense(err) : 0;
}

int vt_agent_ping(struct vt_session *session, struct vt_error *err)
{
    VT_AUTO_FREE char *xml = virDomainGetXMLDesc(session->domain, 0);
    VT_AUTO_FREE char *reply = NULL;

    if (!xml || !vt_agent_is_connected(xml)) {
        virResetLastError();
        return vt_error_set(err, VT_CAUSE_NO_WAY_IN, -ENOTCONN,
                            "no guest agent runs in the guest (the package qemu-guest-agent)");
    }
    return call(session, vt_agent_ask("guest-ping"), PING_TIMEOUT, &reply, err);
}

int vt_agent_check_rights(struct vt_session *session, struct vt_error *err)
{
    static const char *const needed[] = {"guest-exec",       "guest-exec-status",
                                         "guest-file-open",  "guest-file-read",
                                         "guest-file-write", "guest-file-close"};
    VT_AUTO_FREE char *reply = NULL;
    int r = call(session, vt_agent_ask("guest-info"), CALL_TIMEOUT, &reply, err);

    for (size_t i = 0; r == 0 && i < VT_ARRAY_SIZE(needed); i++) {
        if (!vt_agent_read_enabled(reply, needed[i]))
            r = vt_error_set(err, VT_CAUSE_NO_WAY_IN, -EPERM,
                             "the guest agent may not do it: its configuration in the guest blocks "
                             "%s",
                             needed[i]);
    }
    return r;
}

int vt_agent_exec(struct vt_session *session, const char *const *argv, const void *input,
                  size_t len, int64_t *ret_pid, struct vt_error *err)
{
    return call_for_number(session, vt_agent_ask_exec(argv, input, len), "pid", ret_pid, err);
}

int vt_agent_exec_status(struct vt_session *session, int64_t pid, struct vt_agent_exec_status *ret,
                         struct vt_error *err)
{
    VT_AUTO_FREE char *reply = NULL;
    int r = call(session, vt_agent_ask_exec_status(pid), CALL_TIMEOUT, &reply, err);

    if (r < 0)
        return r;
    return vt_agent_read_exec_status(reply, ret) < 0 ? nonsense(err) : 0;
}

int vt_agent_file_open(struct vt_session *session, const char *path, const char *mode,
                       int64_t *ret_handle, struct vt_error *err)
{
    return call_for_number(session, vt_agent_ask_file_open(path, mode), NULL, ret_handle, err);
}

int vt_agent_file_read(struct vt_session *session, int64_t handle, char **ret, size_t *ret_len,
                       bool *ret_eof, struct vt_error *err)
{
    VT_AUTO_FREE char *reply = NULL;
    int r =
        call(session, vt_agent_ask_file_read(handle, VT_AGENT_CHUNK), CALL_TIMEOUT, &reply, err);

    if (r < 0)
        return r;
    return vt_agent_read_chunk(reply, VT_AGENT_CHUNK, ret, ret_len, ret_eof) < 0 ? nonsense(err)
                                                                                 : 0;
}

int vt_agent_file_write(struct vt_session *session, int64_t handle, const void *data, size_t len,
                        struct vt_error *err)
{
    const char *rest = data;

    while (len > 0) {
        int64_t written = 0;
        int r = call_for_number(session, vt_agent_ask_file_write(handle, rest, len), "count",
                                &written, err);

        if (r < 0)
            return r;
        if (written == 0 || (uint64_t)written > len)
            return nonsense(err);
        rest += written;
        len -= (size_t)written;
    }
    return 0;
}

int vt_agent_file_close(struct vt_session *session, int64_t handle, struct vt_error *err)
{
    VT_AUTO_FREE char *reply = NULL;

    return call(session, vt_agent_ask_file("guest-file-close", handle), CALL_TIMEOUT, &reply, err);
}
