/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A download with its tries, its checksum, and what an earlier one has left (image/partial.h). What
 * is packed is unpacked while it arrives (image/unpacker.h). The packed bytes stay until all is
 * whole, as only they can be gone on with (docs/adr/0007-unpacked-as-it-arrives.md).
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "image/checksum.h"
#include "image/progress.h"

/* A download that is whole and stays under its temporary names, for the caller to use. */
struct vt_downloaded {
    char *path;        /* of NAME.partial */
    char *image;       /* what was unpacked from it, or NULL: it is the image itself */
    char *digest;      /* of what was unpacked, the SHA-256 in 64 digits, or NULL: not known */
    char *record_path; /* beside it, to be removed with it */
    char *etag;        /* what the server said, or NULL */
    int64_t modified;  /* likewise, in seconds since 1970; or -1 */
    uint64_t size;
};

void vt_downloaded_done(struct vt_downloaded *downloaded);

struct vt_download {
    const char *url;
    const char *destination;            /* where it belongs when it is whole and not packed */
    const char *unpacked;               /* where it belongs unpacked; may be the same */
    const struct vt_checksum *checksum; /* what it must be, or NULL */
    struct vt_downloaded *stays;        /* NULL: it gets its name; else only this is filled in,
                                           empty before */
    int cancel_fd;                      /* -1: none */
    const struct vt_progress *progress; /* or NULL */
};

/*
 * Download it, going on where an earlier call has ended, and with new tries (image/retry.h). What
 * arrived stays for the next call if it can be gone on with, also when the file system is full, and
 * not if it is wrong (-EBADMSG), damaged, or could not be written. What an earlier call that was
 * killed had unpacked is removed; nobody else may be at work on the same. Errors: VT_CAUSE_FETCH,
 * VT_CAUSE_BAD_IMAGE for what cannot be unpacked (of what has not its checksum, that is the error),
 * VT_CAUSE_DATA_FULL (also before the first byte, when there is less room than is needed),
 * VT_CAUSE_DATA_DIR, VT_CAUSE_NONE with -ECANCELED.
 */
int vt_download_run(const struct vt_download *wanted, struct vt_error *err) VT_MUST_CHECK;
