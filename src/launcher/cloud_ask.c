/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cloud_ask.h"

#include "vm/agent.h"

#define STATUS "/run/cloud-init/status.json"
#define RESULT "/run/cloud-init/result.json"

static int read_file(struct vt_session *session, const char *path, char **ret, struct vt_error *err)
{
    int64_t handle;
    size_t len;
    bool eof;
    int r = vt_agent_file_open(session, path, "r", &handle, err);

    if (r < 0)
        return r;
    /* One piece is far more than these files have; what is longer is no whole JSON then. */
    r = vt_agent_file_read(session, handle, ret, &len, &eof, err);
    (void)!vt_agent_file_close(session, handle, NULL);
    return r;
}

int vt_cloud_ask(const char *name, char **ret_text, bool *ret_ended, struct vt_error *err)
{
    VT_AUTO_SESSION struct vt_session session = {NULL, NULL};
    VT_AUTO_FREE char *result = NULL;
    int r = vt_session_open(name, &session, err);

    if (r == 0)
        r = vt_agent_ping(&session, err);
    if (r < 0)
        return r;
    /* First, so that what is read of the other is final if this is there. */
    *ret_ended = read_file(&session, RESULT, &result, NULL) == 0;
    return read_file(&session, STATUS, ret_text, err);
}
