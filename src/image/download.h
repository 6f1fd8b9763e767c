/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A download with its tries, its checksum, and what an earlier one has left (image/partial.h). */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "image/checksum.h"
#include "image/progress.h"

/* A download that is whole and stays under its temporary name, for the caller to use. */
struct vt_downloaded {
    char *path;        /* of NAME.partial */
    char *record_path; /* beside it, to be removed with it */
    char *etag;        /* what the server said, or NULL */
    int64_t modified;  /* likewise, in seconds since 1970; or -1 */
    uint64_t size;
};

void vt_downloaded_done(struct vt_downloaded *downloaded);

struct vt_download {
    const char *url;
    const char *destination;            /* where it belongs when it is whole */
    const struct vt_checksum *checksum; /* what it must be, or NULL */
    struct vt_downloaded *stays;        /* NULL: it gets its name; else only this is filled in */
    int cancel_fd;                      /* -1: none */
    const struct vt_progress *progress; /* or NULL */
};

/*
 * Download it, going on where an earlier call has ended, and with new tries (image/retry.h). What
 * arrived stays for the next call if it can be gone on with, and not if it is wrong (-EBADMSG) or
 * could not be written. Errors: VT_CAUSE_FETCH, VT_CAUSE_DATA_FULL (also before the first byte,
 * when there is less room than is needed), VT_CAUSE_DATA_DIR, VT_CAUSE_NONE with -ECANCELED.
 */
int vt_download_run(const struct vt_download *wanted, struct vt_error *err) VT_MUST_CHECK;
