/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause, resume and reset: what a button would do. */
#include <errno.h>
#include <poll.h>

#include "cmd/command.h"
#include "cmd/guest.h"

/* A guest whose disk still cannot be written is paused again as soon as it tries. */
#define RETRY_MS 500

static int pause_guest(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_GUEST struct vt_guest guest = {0};
    int r = vt_guest_open(&guest, err);

    (void)call;
    if (r == 0)
        r = vt_session_pause(&guest.session, err);
    if (r < 0)
        return r;
    vt_guest_await(VT_PHASE_PAUSED);
    return 0;
}

const struct vt_command vt_cmd_pause = {
    .name = "pause",
    .summary = "stop the guest's CPUs; its memory stays",
    .details = "Stop the guest's CPUs, until virtainer resume. It keeps its memory and notices\n"
               "nothing but a clock that is late. docker pause freezes the whole container\n"
               "instead: libvirtd and the launcher then do not answer either.",
    .run = pause_guest,
};

/* Returns 0 or, after a moment, why it did not stay resumed. */
static int see_if_it_runs(struct vt_session *session, const char *overlay, struct vt_error *err)
{
    enum vt_session_state state;
    int r;

    (void)poll(NULL, 0, RETRY_MS);
    r = vt_session_state(session, &state, err);
    if (r < 0 || state != VT_SESSION_PAUSED_BY_ERROR)
        return r;
    return vt_error_set(err, VT_CAUSE_DATA_FULL, -ENOSPC,
                        "the guest was resumed and is paused again, because its disk %s still "
                        "cannot be written: free some space there, then resume it again",
                        overlay);
}

static int resume_guest(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_GUEST struct vt_guest guest = {0};
    enum vt_session_state state = VT_SESSION_OFF;
    int r = vt_guest_open(&guest, err);

    (void)call;
    if (r == 0)
        r = vt_session_state(&guest.session, &state, err);
    if (r < 0 || state == VT_SESSION_RUNNING)
        return r;
    r = vt_session_resume(&guest.session, err);
    if (r == 0 && state == VT_SESSION_PAUSED_BY_ERROR)
        r = see_if_it_runs(&guest.session, guest.status.overlay, err);
    if (r < 0)
        return r;
    vt_guest_await(VT_PHASE_RUNNING);
    return 0;
}

const struct vt_command vt_cmd_resume = {
    .name = "resume",
    .summary = "let a paused guest go on",
    .details = "Let a paused guest go on: one that virtainer pause has paused, or one that was\n"
               "paused because its disk could not be written. If that is still so, this\n"
               "fails with the status of a full disk.",
    .run = resume_guest,
};

static int reset_guest(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_GUEST struct vt_guest guest = {0};
    int r = vt_guest_open(&guest, err);

    (void)call;
    return r < 0 ? r : vt_session_reset(&guest.session, err);
}

const struct vt_command vt_cmd_reset = {
    .name = "reset",
    .summary = "press the guest's reset button",
    .details = "Press the guest's reset button: it starts anew at once. What it had not written\n"
               "to its disk is lost, as after a power cut; virtainer reboot asks it first.",
    .run = reset_guest,
};
