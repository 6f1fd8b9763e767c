/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The overlay: $IMAGE_DIR/local_image.qcow2, where the guest writes. It lies on a base image that
 * is never changed.
 *
 * Making one: check the base, fill a temporary file, record the base in .virtainer/base.json,
 * rename. Whenever that is killed, the next start finds either no overlay (and makes one, whatever
 * the record says) or a whole one whose record is there. The caller holds the data directory's
 * lock.
 *
 * One that is there grows to DISK_SIZE, which changes its tables and header only, in an order in
 * which it is whole whenever that is killed: it has the old size or the new one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/probe.h"

/* In the data directory. */
#define VT_OVERLAY_NAME "local_image.qcow2"

struct vt_overlay_request {
    const char *data_dir;
    const struct vt_base *base; /* NULL: the overlay that is there needs none */
    bool accept_base; /* take an overlay that is there to be on @base, whatever its record says */
    uint64_t size;    /* DISK_SIZE in bytes */
    bool size_given;  /* by the person, so that it is an error if it does not fit */
    bool keep;        /* the guest is resumed, and its memory fits the overlay as it is: change
                         nothing of that, its size and the name of its base included */
    int cancel_fd;    /* -1 for none */
};

struct vt_overlay {
    char *path;            /* absolute */
    uint64_t virtual_size; /* bytes */
    bool reused;           /* was there before */
    bool rebased;          /* its base was another one until now, and accept_base was given */
    uint64_t grown_from;   /* bytes that it had until now; 0: it did not grow */
    char *notice;          /* a sentence the person should read, or NULL */
};

#define VT_AUTO_OVERLAY VT_CLEANUP(vt_overlay_done)

void vt_overlay_done(struct vt_overlay *overlay);

/*
 * Make the overlay of the data directory, or find that the one there fits, and grow that to a
 * larger DISK_SIZE if one was given. @ret, uninitialised before, is set on success only. Errors:
 * - VT_CAUSE_USAGE: DISK_SIZE was given and is smaller than the base, or than the overlay that is
 * there;
 * - VT_CAUSE_BAD_IMAGE: the base is damaged (looked for when an overlay is made), or the overlay is
 * no good qcow2;
 * - VT_CAUSE_OTHER_BASE: the overlay was made on another base;
 * - VT_CAUSE_DATA_DIR, VT_CAUSE_DATA_FULL: the data directory cannot be used;
 * - VT_CAUSE_NONE with -ECANCELED: the cancel descriptor became readable.
 * After an error the data directory is as it was before, but for leftovers of a run that was
 * killed.
 */
int vt_overlay_prepare(const struct vt_overlay_request *request, struct vt_overlay *ret,
                       struct vt_error *err) VT_MUST_CHECK;

/* Whether the overlay of @data_dir is there and was made to need no base (image/flatten.h). Nothing
 * is changed. */
bool vt_overlay_stands_alone(const char *data_dir);
