/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/obtain.h"

#include <errno.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/fetch.h"
#include "image/find.h"
#include "image/open.h"
#include "image/part.h"
#include "image/partial.h"
#include "image/qemu_img.h"
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

/* What was begun for another URL, nobody will go on with. */
static void remove_other_downloads(const struct vt_config *config,
                                   const struct vt_image_source *source)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(config->image_dir);
    VT_AUTO_FREE char *images = vt_fmt("%s/" VT_IMAGES_DIR, dir);

    vt_partial_remove_others(images, source->url ? source->path : NULL);
}

bool vt_image_obtain_is_begun(const char *data_dir)
{
    VT_AUTO_FREE char *images = vt_fmt("%s/" VT_IMAGES_DIR, data_dir);

    return vt_partial_is_in(images);
}

static int fetch(const struct vt_config *config, struct vt_image_source *source, int cancel_fd,
                 const struct vt_progress *progress, struct made *made, struct vt_error *err)
{
    bool there = vt_path_exists(source->path);
    int r =
        vt_image_fetch(source->url, source->path, config->image_checksum, cancel_fd, progress, err);

    if (r < 0)
        return r;
    if (!there)
        made->fetched = vt_strdup(source->path);
    return vt_image_is_packed(source->path, &source->packed, err);
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
    int r = 0;

    if (source->url || source->packed) {
        VT_AUTO_FREE char *dir = vt_image_absolute(config->image_dir);

        r = vt_state_dir(dir, "images", &images, err);
    }
    if (r == 0 && source->url)
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
