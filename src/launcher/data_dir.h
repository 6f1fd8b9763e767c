/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data directory: the overlay lies in it, all else of ours in .virtainer/ below. One virtainer
 * at a time: a lock says who holds it, and goes with its holder.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct vt_data_dir {
    char *path;        /* as given: $IMAGE_DIR */
    char *state;       /* path/.virtainer */
    bool fresh;        /* .virtainer was made by this run */
    int lock;          /* descriptor that holds the lock */
    char *last_holder; /* who held it before, as the lock's file said; NULL: nobody */
};

/*
 * Take the data directory @path, making it if it is missing, and remove what a killed start has
 * left half written. Errors: VT_CAUSE_DATA_DIR, also for one that a newer virtainer has used,
 * VT_CAUSE_DATA_FULL and VT_CAUSE_DATA_BUSY.
 */
int vt_data_dir_open(struct vt_data_dir *dir, const char *path, struct vt_error *err) VT_MUST_CHECK;

/* The run failed before it had an overlay: leave the directory as it was, without .virtainer if
 * that is this run's. */
void vt_data_dir_abandon(struct vt_data_dir *dir);

/* The path of @name in .virtainer of the data directory @path; the caller frees it. */
char *vt_data_dir_below(const char *path, const char *name);

/* The same of one that was taken. */
char *vt_data_dir_file(const struct vt_data_dir *dir, const char *name);

/* Write down which version of virtainer's layout the directory has, unless it says so already. */
int vt_data_dir_mark(const struct vt_data_dir *dir, struct vt_error *err) VT_MUST_CHECK;

/* The guest's UUID, made at its first start and kept; the caller frees it. */
int vt_data_dir_uuid(const struct vt_data_dir *dir, char **ret, struct vt_error *err) VT_MUST_CHECK;
