/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/guest.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/str.h"
#include "config/config.h"
#include "launcher/offline.h"

#define AWAIT_MS 2000

static bool has_guest(enum vt_phase phase)
{
    return phase == VT_PHASE_RUNNING || phase == VT_PHASE_PAUSED || phase == VT_PHASE_STOPPING ||
           phase == VT_PHASE_SAVING;
}

static int open_guest(struct vt_guest *guest, struct vt_error *err)
{
    int r = vt_status_read(&guest->status, err);

    if (r < 0)
        return r;
    if (!has_guest(guest->status.phase))
        return vt_error_set(err, VT_CAUSE_USAGE, -ESRCH, "the guest does not run: it is %s",
                            vt_phase_name(guest->status.phase));
    return vt_session_open(guest->status.name, &guest->session, err);
}

int vt_guest_open(struct vt_guest *ret, struct vt_error *err)
{
    int r;

    *ret = (struct vt_guest){0};
    r = open_guest(ret, err);
    if (r < 0)
        vt_guest_done(ret);
    return r;
}

/* No launcher runs here: what the data directory tells. */
static int read_data_dir(struct vt_status *ret, struct vt_error *err)
{
    VT_AUTO_CONFIG struct vt_config config;
    int r;

    vt_config_init(&config);
    r = vt_config_read_env(&config, err);
    if (r < 0 || vt_offline_status(config.image_dir, config.vm_name, ret) == 0)
        return r;
    return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                        "no virtainer runs here (use this command through docker exec), and the "
                        "data directory %s has no guest",
                        config.image_dir);
}

int vt_guest_status(struct vt_status *ret, struct vt_error *err)
{
    int r = vt_status_read(ret, err);

    if (r != -ENOENT)
        return r;
    vt_error_done(err);
    return read_data_dir(ret, err);
}

void vt_guest_done(struct vt_guest *guest)
{
    vt_session_done(&guest->session);
    vt_status_done(&guest->status);
}

static bool is_in(enum vt_phase phase)
{
    VT_AUTO_STATUS struct vt_status status = {0};

    return vt_status_read(&status, NULL) == 0 && status.phase == phase;
}

void vt_guest_await(enum vt_phase phase)
{
    VT_AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int64_t deadline = vt_now_ms() + AWAIT_MS, left;

    /* The file is replaced by renaming. */
    if (watch < 0 || inotify_add_watch(watch, VT_RUN_DIR, IN_MOVED_TO) < 0)
        return;
    while (!is_in(phase) && (left = deadline - vt_now_ms()) > 0) {
        struct pollfd fd = {.fd = watch, .events = POLLIN};
        char events[4096];

        (void)poll(&fd, 1, (int)left);
        (void)!read(watch, events, sizeof(events));
    }
}
