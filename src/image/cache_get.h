/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image by its address, from the cache or into it. */
#pragma once

#include "image/cache.h"

struct vt_cache_wish {
    const char *url;
    const char *checksum;               /* as IMAGE_CHECKSUM, or NULL */
    const char *keyring;                /* as IMAGE_KEYRING, or NULL */
    const char *signature;              /* as struct vt_wish has it, or NULL */
    const char *name;                   /* the catalogue's, or NULL */
    int cancel_fd;                      /* -1: none */
    const struct vt_progress *progress; /* or NULL */
};

/*
 * The image of @wish->url in @cache, which has a directory: the path, owned by the caller, in
 * *@ret_path, held (vt_cache_hold()). What the cache has is taken if it is still what the address
 * stands for:
 * - with a digest as checksum it is;
 * - with a file of checksums, that is fetched and has to have the recorded one; what was verified
 *   with another keyring than this one's content is verified anew, or is not taken;
 * - else the server is asked for another than the recorded one (If-None-Match,
 *   If-Modified-Since).
 * If nobody answers, it is taken with a notice. Otherwise it is downloaded, by one process at a
 * time, unpacked and looked at: what is damaged, or no disk image, does not stay. A cache that
 * cannot be written is not compared with the server; -ENOENT without @err when it has no such
 * image. Errors: as vt_image_fetch_as() and vt_base_probe(), and
 * VT_CAUSE_USAGE for a keyring that is none, also when the image is there.
 */
int vt_cache_get(const struct vt_cache *cache, const struct vt_cache_wish *wish, char **ret_path,
                 struct vt_error *err) VT_MUST_CHECK;
