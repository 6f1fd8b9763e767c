/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that grow under a temporary name ("NAME.part-" and six characters, as host/files.h's too)
 * and get their own when they are whole; and the directory of ours in the data directory where they
 * lie.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* In the data directory: where images lie that we made. */
#define VT_IMAGES_DIR ".virtainer/images"

/*
 * Set @err for @errnum on something of the data directory: VT_CAUSE_DATA_FULL for a full file
 * system or quota, VT_CAUSE_DATA_DIR else. "@format…: strerror" and the way out. Returns -@errnum.
 */
int vt_data_error(struct vt_error *err, int errnum, const char *format, ...) VT_PRINTF(3, 4);

/* What a file may be of, other than the data directory. */
enum vt_place {
    VT_PLACE_CACHE,
    VT_PLACE_FILE, /* one that a person asked for by name */
};

/* @err, which may be NULL, or of something else, is of vt_data_error() or vt_part_check_room() on a
 * file of @place: let it tell the way out of that. */
void vt_data_error_elsewhere(struct vt_error *err, enum vt_place place);

/*
 * Make the directory .virtainer/@sub (.virtainer itself if @sub is NULL) of @data_dir if it is
 * missing, with the data directory's owner. Its path in @ret, which the caller frees; also when
 * this failed.
 */
int vt_state_dir(const char *data_dir, const char *sub, char **ret,
                 struct vt_error *err) VT_MUST_CHECK;

/* Remove .virtainer/images and .virtainer as far as they are empty. */
void vt_state_dir_prune(const char *data_dir);

/*
 * Remove the temporary files that an earlier run for @path left when it was killed, and no others.
 * The caller holds the data directory's lock, so nobody writes to them.
 */
void vt_part_remove_leftovers(const char *path);

/* Whether @name is one of a temporary file, of whatever path. */
bool vt_part_is_name(const char *name);

/* Change in @name, which is to be a file's own, what an ending of a file that is not whole has. */
void vt_part_safe_name(char *name);

/* Make a temporary file for @path, its name in @ret (owned by the caller). Returns a descriptor. */
int vt_part_open(const char *path, char **ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Give the whole file @part, with mode 0644 (or @mode) and the owner of the directory it is in, its
 * name @path: fsync, rename, fsync of the directory.
 */
int vt_part_finish(const char *part, const char *path, struct vt_error *err) VT_MUST_CHECK;
int vt_part_finish_as(const char *part, const char *path, mode_t mode,
                      struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether there is room for the @size bytes that the file @path is about to take: 0, or
 * VT_CAUSE_DATA_FULL with both numbers.
 */
int vt_part_check_room(const char *path, uint64_t size, struct vt_error *err) VT_MUST_CHECK;
