/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `virtainer image`'s part that has to do with the cache (image/cache.h). */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Each returns the exit status, or a negative errno with @err: VT_CAUSE_USAGE when there is no
 * cache, and what is said at the functions in image/cache_care.h and image/cache_get.h.
 */

/* Print what the cache has. */
int vt_image_list_cached(bool json, struct vt_error *err) VT_MUST_CHECK;

/* Download @image, a name of the catalogue or an address, to the cache, and print its path there.
 * @checksum: as IMAGE_CHECKSUM, which it replaces, or NULL. */
int vt_image_pull(const char *image, const char *checksum, struct vt_error *err) VT_MUST_CHECK;

/* Compare the images that @which means (NULL: all) with their digests. VT_CAUSE_BAD_IMAGE when one
 * differs, VT_CAUSE_NO_IMAGE when there is none. */
int vt_image_verify(const char *which, struct vt_error *err) VT_MUST_CHECK;

/* Remove what nobody used for so many @days (a number as text; NULL: 30, and then only what no
 * address stands for any more), or @all. */
int vt_image_prune(const char *days, bool all, struct vt_error *err) VT_MUST_CHECK;
