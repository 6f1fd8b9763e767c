/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/obtain.h"

#include <errno.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/cache_get.h"
#include "image/fetch.h"
#include "image/find.h"
#include "image/open.h"
#include "image/overlay.h"
#include "image/part.h"
#include "image/partial.h"
#include "image/qemu_img.h"
#include "image/record.h"
#include "image/unpack.h"

/* Paths of files in the data directory that this call made; NULL if it did not. */
struct made {
    char *fetched;
    char *unpacked;
};

static void made_done(struct made *made)
{
    free(made->fetched);
    free(made->unpacked);
}

static void made_remove(const struct made *made)
{
    if (made->unpacked)
        (void)unlink(made->unpacked);
    if (made->fetched)
        (void)unlink(made->fetched);
}

/* What was begun for another URL, nobody will go on with, nor with what has become an image. */
static void remove_other_downloads(const struct vt_config *config,
                                   const struct vt_image_source *source)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(config->image_dir);
    VT_AUTO_FREE char *images = vt_fmt("%s/" VT_IMAGES_DIR, dir);
    bool is_wanted = source->url && !vt_path_exists(source->path);

    vt_partial_remove_others(images, is_wanted ? source->path : NULL);
}

bool vt_image_obtain_is_begun(const char *data_dir)
{
    VT_AUTO_FREE char *images = vt_fmt("%s/" VT_IMAGES_DIR, data_dir);

    return vt_partial_is_in(images);
}

/* --- from the cache --- */

/* The image that the overlay in the data directory was made on, if it was this address's and is in
 * the cache; NULL else. Whatever the address stands for by now, that guest needs this one. */
static char *past_image(const struct vt_config *config, const struct vt_cache *cache)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);
    VT_AUTO_FREE char *path = vt_fmt("%s/.virtainer/base.json", config->image_dir);
    VT_AUTO_FREE char *name =
        vt_image_fetch_name(config->image_url, config->image_checksum, config->image_keyring);
    VT_AUTO_RECORD struct vt_record record = {0};

    /* A record that cannot be read is an error that the overlay's maker tells. */
    if (!vt_path_exists(overlay) || vt_record_read(path, &record, NULL) < 0 || !record.download ||
        !vt_streq(record.download, name))
        return NULL;
    return vt_cache_same_image(cache, record.path);
}

/* Returns 0 with *@ret_path set, or NULL when the cache has it not and cannot get it. */
static int get_from_cache(const struct vt_config *config, const struct vt_cache *cache,
                          int cancel_fd, const struct vt_progress *progress, char **ret_path,
                          struct vt_error *err)
{
    struct vt_cache_wish wish = {
        .url = config->image_url,
        .checksum = config->image_checksum,
        .keyring = config->image_keyring,
        .signature = config->image_signature,
        .name = config->image_name,
        .cancel_fd = cancel_fd,
        .progress = progress,
    };
    int r;

    *ret_path = past_image(config, cache);
    if (*ret_path && vt_cache_hold(cache, *ret_path))
        return 0;
    vt_str_replace(ret_path, NULL);
    r = vt_cache_get(cache, &wish, ret_path, err);
    return r == -ENOENT && !*ret_path && !cache->writable ? 0 : r;
}

/*
 * If the image is in the cache, or belongs there, make that @source. What was downloaded to the
 * data directory already stays there.
 */
static int look_in_cache(const struct vt_config *config, struct vt_image_source *source,
                         int cancel_fd, const struct vt_progress *progress, bool *ret_cached,
                         struct vt_error *err)
{
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_FREE char *path = NULL;
    int r = vt_cache_open(config, &cache, err);

    *ret_cached = false;
    if (r < 0 || !cache.dir)
        return r;
    if (!source->url) {
        (void)vt_cache_hold(&cache, source->path);
        return 0;
    }
    if (vt_path_exists(source->path))
        return 0;
    r = get_from_cache(config, &cache, cancel_fd, progress, &path, err);
    if (r < 0 || !path)
        return r;
    vt_str_replace(&source->path, VT_TAKE_PTR(path));
    *ret_cached = true;
    remove_other_downloads(config, &(struct vt_image_source){0});
    return 0;
}

/* --- from its server --- */

static int fetch(const struct vt_config *config, struct vt_image_source *source, int cancel_fd,
                 const struct vt_progress *progress, struct made *made, struct vt_error *err)
{
    const struct vt_wish wish = {
        .text = config->image_checksum,
        .url = source->url,
        .keyring = config->image_keyring,
        .signature = config->image_signature,
        .cancel_fd = cancel_fd,
        .progress = progress,
    };
    bool there = vt_path_exists(source->path);
    int r = vt_image_fetch_as(&wish, source->path, err);

    if (r < 0)
        return r;
    /* One that an older virtainer has left as it came. */
    if (there)
        return vt_image_is_packed(source->path, &source->packed, err);
    vt_str_replace(&source->path,
                   vt_image_fetch_path(config->image_dir, source->url, config->image_checksum,
                                       config->image_keyring));
    made->fetched = vt_strdup(source->path);
    return 0;
}

static int unpack(const struct vt_config *config, struct vt_image_source *source, int cancel_fd,
                  const struct vt_progress *progress, struct made *made, struct vt_error *err)
{
    VT_AUTO_FREE char *path = NULL;
    bool there;
    int r = vt_image_unpacked_path(config->image_dir, source->path, &path, err);

    if (r < 0)
        return r;
    there = vt_path_exists(path);
    r = vt_image_unpack(source->path, path, cancel_fd, progress, err);
    if (r < 0)
        return r;
    if (!there)
        made->unpacked = vt_strdup(path);
    vt_str_replace(&source->path, VT_TAKE_PTR(path));
    return 0;
}

/* Where @base is from, for the record of it; @given is what was found before it was unpacked. */
static void note_source(const struct vt_config *config, const char *url, const char *given,
                        struct vt_base *base)
{
    base->name = vt_strdup(config->image_name);
    if (url) {
        base->download = vt_image_fetch_name(url, config->image_checksum, config->image_keyring);
        base->source = vt_url_public(url);
        /* It may be an address too. */
        base->checksum = config->image_checksum ? vt_url_public(config->image_checksum) : NULL;
    } else if (!vt_streq(given, base->path)) {
        base->source = vt_strdup(given);
    }
}

static int make(const struct vt_config *config, struct vt_image_source *source, int cancel_fd,
                const struct vt_progress *progress, struct made *made, struct vt_base *base,
                struct vt_error *err)
{
    VT_AUTO_FREE char *given = vt_strdup(source->path);
    VT_AUTO_FREE char *images = NULL;
    bool cached = false;
    int r = look_in_cache(config, source, cancel_fd, progress, &cached, err);

    if (r == 0 && !cached && (source->url || source->packed)) {
        VT_AUTO_FREE char *dir = vt_image_absolute(config->image_dir);

        r = vt_state_dir(dir, "images", &images, err);
    }
    if (r == 0 && source->url && !cached)
        r = fetch(config, source, cancel_fd, progress, made, err);
    if (r == 0 && source->packed)
        r = unpack(config, source, cancel_fd, progress, made, err);
    if (r == 0)
        r = vt_base_probe(source->path, cancel_fd, base, err);
    if (r == 0)
        note_source(config, source->url, given, base);
    /* The overlay's maker looks for damage too, but could not know that this file is ours to
     * remove. */
    if (r == 0 && (made->fetched || made->unpacked) && vt_streq(base->format, "qcow2"))
        r = vt_qemu_img_check(base->path, cancel_fd, err);
    return r;
}

int vt_image_obtain(const struct vt_config *config, const char *root, int cancel_fd,
                    const struct vt_progress *progress, struct vt_base *ret, struct vt_error *err)
{
    VT_AUTO_IMAGE_SOURCE struct vt_image_source source = {0};
    VT_CLEANUP(made_done) struct made made = {0};
    VT_AUTO_BASE struct vt_base base = {0};
    int r = vt_image_find(config, root, &source, err);

    if (r < 0)
        return r;
    remove_other_downloads(config, &source);
    r = make(config, &source, cancel_fd, progress, &made, &base, err);
    if (r < 0) {
        if (r != -ECANCELED)
            made_remove(&made);
        vt_state_dir_prune(config->image_dir);
        return r;
    }
    *ret = base;
    base = (struct vt_base){0};
    return 0;
}
