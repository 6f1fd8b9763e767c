/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking after the cache: what it has, whether that is undamaged, and removing what is old. */
#pragma once

#include <stddef.h>

#include "image/cache.h"

/* Whether a virtainer that runs uses an image. */
enum vt_use {
    VT_USE_NONE,
    VT_USE_NOW,
    VT_USE_UNKNOWN, /* no lock can be had */
};

struct vt_cached_image {
    char digest[VT_SHA256_DIGITS + 1];
    char *path;
    uint64_t size; /* bytes */
    int64_t used;  /* when a virtainer last started with it, in seconds since 1970 */
    enum vt_use use;
    struct vt_cache_entry *entries; /* the addresses that stand for it */
    size_t entry_count;
};

struct vt_cached_list {
    struct vt_cached_image *images; /* the last used first */
    size_t count;
};

#define VT_AUTO_CACHED_LIST VT_CLEANUP(vt_cached_list_done)

void vt_cached_list_done(struct vt_cached_list *list);

/* What @cache has, in @ret, uninitialised before; an empty cache is no error. Errors:
 * VT_CAUSE_DATA_DIR. */
int vt_cached_list_read(const struct vt_cache *cache, struct vt_cached_list *ret,
                        struct vt_error *err) VT_MUST_CHECK;

/* As a table for people, and as a JSON array (docs/images.md); the caller frees it. */
char *vt_cached_list_text(const struct vt_cached_list *list);
char *vt_cached_list_json(const struct vt_cached_list *list);

/* Whether @text means @image: its digest, with or without "sha256:", or the first eight digits of
 * it or more; a name of the catalogue; an address. */
bool vt_cached_image_is(const struct vt_cached_image *image, const char *text);

/* What prune removes beside downloads that were cut off. */
struct vt_prune {
    int64_t unused_for; /* seconds: images that were not used for so long */
    bool orphans_only;  /* of them only those that no address stands for any more */
    int64_t now;        /* in seconds since 1970 */
};

/*
 * Remove what @prune says, but nothing that a running virtainer uses or is fetching. @told is
 * called for each image that goes. Errors: VT_CAUSE_DATA_DIR, also where the file system does not
 * tell who uses an image; what went before has gone.
 */
int vt_cache_prune(const struct vt_cache *cache, const struct vt_prune *prune,
                   void (*told)(const struct vt_cached_image *image),
                   struct vt_error *err) VT_MUST_CHECK;
