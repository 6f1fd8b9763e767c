/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/run_dir.h"

#include <errno.h>

#include "base/log.h"
#include "host/files.h"
#include "launcher/places.h"
#include "launcher/status.h"

/* A virtainer that already runs in this container would lose its libvirtd to us. */
static int be_alone(struct vt_error *err)
{
    VT_AUTO_FREE char *me = vt_fmt("process %d\n", getpid());
    VT_AUTO_FREE char *holder = NULL;
    int fd = vt_lock_take(VT_RUN_DIR "/lock", me, NULL, &holder);

    if (fd == -EWOULDBLOCK)
        return vt_error_set(err, VT_CAUSE_USAGE, -EBUSY,
                            "a virtainer already runs in this container: one container has one "
                            "guest, so start another container");
    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -fd, "cannot take " VT_RUN_DIR "/lock");
    /* What an earlier run of this container left there must not be taken for news. */
    (void)unlink(VT_STATUS_PATH);
    vt_file_remove_leftovers(VT_RUN_DIR);
    return 0; /* the descriptor stays open, and with it the lock */
}

int vt_run_dir_take(struct vt_error *err)
{
    int r = vt_places_make(err);

    if (r == 0)
        r = be_alone(err);
    if (r < 0)
        return r;
    /* Messages that cannot be kept are no reason to stop, nor is a reader that has stopped reading:
     * for that, writing must not wait. */
    (void)!vt_log_keep(VT_EVENTS_PATH, VT_EVENTS_OLD_PATH, VT_EVENTS_MAX);
    r = vt_open_anew(STDERR_FILENO);
    if (r >= 0)
        vt_log_set_fd(r);
    return 0;
}
