/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of images that virtainers of one host share (IMAGE_CACHE):
 *
 *     images/sha256/DIGEST   an image that an overlay can be made on, by its own SHA-256; mode 0444
 *     index/KEY.json         what an address stood for when it was last fetched
 * (image/cache_entry.h) downloads/KEY.*        what is on its way, and its lock
 *
 * KEY is made of the address and of the checksum that was asked for (vt_image_fetch_name()), so an
 * entry was verified against that; with whose signature, it says itself. An image gets its name
 * when it is whole and was looked at, and an entry is written after its image: whatever is killed,
 * an entry that has its image is right.
 *
 * Locks are flock(2)'s and go with their process. Who fetches holds downloads/KEY.lock, and others
 * wait for it. Who uses an image holds a shared lock on the image itself, so that none is removed
 * under a guest. A cache that cannot be written is used as it is, without locks of the first kind.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "image/cache_entry.h"
#include "image/progress.h"

struct vt_cache {
    char *dir; /* NULL: there is none */
    bool writable;
};

#define VT_AUTO_CACHE VT_CLEANUP(vt_cache_done)

void vt_cache_done(struct vt_cache *cache);

/*
 * The cache that @config means: IMAGE_CACHE, or the directory of its default value if that is
 * there. Returns 0, also when there is none, or -ENOENT with VT_CAUSE_USAGE when IMAGE_CACHE was
 * given and is no directory. @ret, uninitialised before, is set on success only.
 */
int vt_cache_open(const struct vt_config *config, struct vt_cache *ret,
                  struct vt_error *err) VT_MUST_CHECK;

/* Paths in @cache, which the caller frees: of the image with the SHA-256 @digest, and of a file of
 * the directory @sub. */
char *vt_cache_image(const struct vt_cache *cache, const char *digest);
char *vt_cache_file(const struct vt_cache *cache, const char *sub, const char *key,
                    const char *suffix);

/*
 * Where the image that was once used as @path, of a cache that may have been mounted elsewhere, is
 * in @cache; the caller frees it. NULL if it is not there, or @path was none of a cache.
 */
char *vt_cache_same_image(const struct vt_cache *cache, const char *path);

/*
 * Use the image @path if it is one of @cache: no prune removes it as long as this process lives, or
 * until the next call, and its time says when it was last used. Returns false if it is not there.
 */
bool vt_cache_hold(const struct vt_cache *cache, const char *path);

/* The entry of @key in @ret, uninitialised before. Returns 0, or -ENOENT if there is none, or its
 * image is not there. */
int vt_cache_look_up(const struct vt_cache *cache, const char *key,
                     struct vt_cache_entry *ret) VT_MUST_CHECK;

/*
 * The SHA-256 of the file @path in @ret, VT_SHA256_DIGITS and NUL. A readable @cancel_fd (-1: none)
 * ends it with -ECANCELED and VT_CAUSE_NONE; @progress may be NULL. Other errors:
 * VT_CAUSE_IMAGE_UNREADABLE.
 */
int vt_cache_digest(const char *path, int cancel_fd, const struct vt_progress *progress,
                    char ret[VT_SHA256_DIGITS + 1], struct vt_error *err) VT_MUST_CHECK;

/* Set @err for @errnum on the cache: VT_CAUSE_DATA_FULL or VT_CAUSE_DATA_DIR. Returns -@errnum. */
int vt_cache_error(struct vt_error *err, int errnum, const char *what, const char *path);
