/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are whole or not there: read with a limit, written under a temporary name, fsynced and
 * renamed. Errors are negative errnos; the callers know which object it was and say so.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/*
 * Read @path whole into @ret (owned by the caller, NUL-terminated; its length in @ret_len, which
 * may be NULL). Returns 0, -EFBIG when it is larger than @max bytes, -EISDIR for a directory, or
 * another negative errno.
 */
int vt_file_read(const char *path, size_t max, char **ret, size_t *ret_len) VT_MUST_CHECK;

/*
 * Make @path hold exactly @len bytes of @data: written to a temporary name in the same directory,
 * fsynced, renamed over @path, the directory fsynced. @owner_like (may be NULL) is a path whose
 * owner the new file gets. Returns 0 or a negative errno; on failure nothing is left behind and an
 * old @path is untouched.
 */
int vt_file_write(const char *path, const void *data, size_t len, mode_t mode,
                  const char *owner_like) VT_MUST_CHECK;

/*
 * The same for what is made anew at every start: whole or not there for who reads it, but not after
 * a power cut, and so without waiting for the disk. One process writes @path; what its like left
 * when it was killed is replaced.
 */
int vt_file_write_volatile(const char *path, const void *data, size_t len,
                           mode_t mode) VT_MUST_CHECK;

/*
 * Remove what a vt_file_write() that was killed has left in the directory @path and below it.
 * Nobody else may be writing there.
 */
void vt_file_remove_leftovers(const char *path);

/* Write all @len bytes of @data to @fd, which is to wait for room. Returns 0 or a negative errno.
 */
int vt_write_all(int fd, const void *data, size_t len) VT_MUST_CHECK;

/* rm -rf @path, on one file system. What cannot be removed stays. */
void vt_remove_tree(const char *path);

/* fsync the file or directory @path. */
int vt_path_sync(const char *path) VT_MUST_CHECK;

/* Give @path the owner and group of @like. */
int vt_path_chown_like(const char *path, const char *like) VT_MUST_CHECK;

/* mkdir -p with @mode for each directory that is made. */
int vt_mkdirs(const char *path, mode_t mode) VT_MUST_CHECK;

/*
 * Open anew for appending what our descriptor @fd is open on: as a description of our own it can be
 * non-blocking, which it is, without being so for others that share the old one. Returns a
 * descriptor, or a negative errno where that cannot be (a socket).
 */
int vt_open_anew(int fd) VT_MUST_CHECK;

/* Whether something is to be read from @fd now: never, if it is -1. */
bool vt_is_readable(int fd);

/* Whether anything is at @path. */
bool vt_path_exists(const char *path);

/*
 * Lock the file @path (made if it is missing) for this process's life and write @holder (one line
 * that names it) into it. The lock goes with the process, also after kill -9. Returns a descriptor
 * that holds it; -EWOULDBLOCK when another process holds it, *@ret_holder then being what that one
 * wrote (owned by the caller, may be "").
 */
int vt_lock_take(const char *path, const char *holder, const char *owner_like,
                 char **ret_holder) VT_MUST_CHECK;

/* Whether a process holds the lock @path. It is asked by taking the lock for an instant, for which
 * vt_lock_take() waits; what the holder wrote stays. */
bool vt_lock_is_held(const char *path);
