/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/resolve.h"

#include <errno.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/cache.h"
#include "image/catalogue.h"
#include "image/fetch.h"
#include "image/overlay.h"
#include "image/part.h"
#include "image/record.h"

bool vt_image_is_name(const struct vt_config *config)
{
    return config->image && config->image[0] != '/' && !strstr(config->image, "://");
}

/* What the download of @release must be: the person's word, else the catalogue's, or NULL. */
static const char *checksum_of(const struct vt_config *config, const struct vt_release *release)
{
    if (config->image_checksum)
        return config->image_checksum;
    return release->checksum ? release->checksum : release->checksum_url;
}

/* Either may be NULL. */
/* What the overlay that is in the data directory was made from; nothing if there is none, or if
 * that is not known. */
struct past {
    struct vt_record record;
    bool overlay; /* is there */
    char *image;  /* the base, if it was downloaded and is there, or NULL */
};

static void past_done(struct past *past)
{
    vt_record_done(&past->record);
    free(past->image);
}

/* A record that cannot be read is an error that the overlay's maker tells. */
static void look_back(const struct vt_config *config, struct past *ret)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);
    VT_AUTO_FREE char *record = vt_fmt("%s/.virtainer/base.json", config->image_dir);
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_FREE char *image = NULL;

    *ret = (struct past){.overlay = config->image_dir && vt_path_exists(overlay)};
    if (!ret->overlay || vt_record_read(record, &ret->record, NULL) < 0)
        return;
    if (vt_cache_open(config, &cache, NULL) == 0)
        ret->image = vt_cache_same_image(&cache, ret->record.path);
    if (ret->image || !strstr(ret->record.path, "/" VT_IMAGES_DIR "/"))
        return;
    /* The directory may be mounted elsewhere by now. */
    image = vt_fmt("%s/" VT_IMAGES_DIR "%s", config->image_dir, strrchr(ret->record.path, '/'));
    if (vt_path_exists(image))
        ret->image = VT_TAKE_PTR(image);
}

static char *name_of(const struct vt_distribution *distribution, const struct vt_release *release)
{
    return vt_fmt("%s:%s", distribution->name, release->version);
}

static bool is_downloaded(const struct vt_config *config, const struct vt_release *release)
{
    VT_AUTO_FREE char *path = vt_image_fetch_path(
        config->image_dir, release->url, checksum_of(config, release), config->image_keyring);

    return vt_path_exists(path);
}

/*
 * "fedora" means another release when a new one comes out, but a guest that is there stays what it
 * is: it keeps the release that is recorded, or else whose image lies in its data directory.
 */
static void keep_release(const struct vt_config *config, const struct past *past,
                         struct vt_entry *entry)
{
    const struct vt_distribution *distribution = entry->distribution;

    if (!entry->chosen || !past->overlay)
        return;
    for (size_t i = 0; past->record.name && i < distribution->release_count; i++) {
        VT_AUTO_FREE char *name = name_of(distribution, &distribution->releases[i]);

        if (vt_streq(name, past->record.name)) {
            entry->release = &distribution->releases[i];
            return;
        }
    }
    for (size_t i = 0; !is_downloaded(config, entry->release) && i < distribution->release_count;
         i++) {
        if (is_downloaded(config, &distribution->releases[i])) {
            entry->release = &distribution->releases[i];
            return;
        }
    }
}

/*
 * A release can get another address: a respin, a dated build. Then a guest that was made from it is
 * started on the image that it was made on, as long as that is there; whether it is still the same,
 * the overlay's maker sees. Another IMAGE_CHECKSUM is the wish for another image.
 */
static bool keeps_image(const struct vt_config *config, const struct past *past,
                        const struct vt_entry *entry)
{
    VT_AUTO_FREE char *name = name_of(entry->distribution, entry->release);
    const char *checksum = checksum_of(config, entry->release);
    VT_AUTO_FREE char *source = vt_url_public(entry->release->url);
    VT_AUTO_FREE char *public_checksum = checksum ? vt_url_public(checksum) : NULL;
    bool same_checksum = vt_streq_null(public_checksum, past->record.checksum);

    if (!past->image || !past->record.name || !vt_streq(name, past->record.name) ||
        (config->image_checksum && !same_checksum))
        return false;
    return !same_checksum || !vt_streq_null(source, past->record.source);
}

static char *warning(const struct vt_entry *entry, const char *name, bool checked,
                     const char *today)
{
    if (vt_release_has_ended(entry->release, today))
        return vt_fmt("%s (%s %s) has had no security updates since %s: use it for what needs it, "
                      "and away from the internet",
                      name, entry->distribution->title, entry->release->version,
                      entry->release->end_of_life);
    if (!checked)
        return vt_fmt("the catalogue knows no checksum of %s, so its download is taken on trust; "
                      "IMAGE_CHECKSUM gives one",
                      name);
    return NULL;
}

/* @kept is the path of the image that the guest stays on, or NULL. */
static void apply(struct vt_config *config, const struct vt_entry *entry, const char *kept)
{
    const struct vt_release *release = entry->release;

    vt_str_replace(&config->image_name, name_of(entry->distribution, release));
    vt_str_replace(&config->image_url, kept ? NULL : vt_strdup(release->url));
    vt_str_replace(&config->image, vt_strdup(kept));
    if (!config->image_checksum) {
        config->image_checksum = vt_strdup(checksum_of(config, release));
        vt_str_replace(&config->image_signature, vt_strdup(release->signature_url));
    }
    if (!config->ssh_user)
        config->ssh_user = vt_strdup(release->user);
    if (!config->os_variant)
        config->os_variant = vt_strdup(release->osinfo);
}

int vt_image_resolve(struct vt_config *config, const char *shipped, const char *today,
                     char **ret_warning, struct vt_error *err)
{
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};
    VT_CLEANUP(past_done) struct past past = {0};
    struct vt_entry entry;
    int r;

    *ret_warning = NULL;
    /* Both are an error that vt_config_check() tells. */
    if (!vt_image_is_name(config) || config->image_url)
        return 0;
    r = vt_catalogue_read(config->catalogue_dir, shipped, &catalogue, err);
    if (r < 0)
        return r;
    r = vt_catalogue_find(&catalogue, config->image, today, &entry, err);
    if (r < 0)
        return r;
    look_back(config, &past);
    keep_release(config, &past, &entry);
    apply(config, &entry, keeps_image(config, &past, &entry) ? past.image : NULL);
    *ret_warning = warning(&entry, config->image_name, config->image_checksum != NULL, today);
    return 0;
}

int vt_image_resolve_new(struct vt_config *config, const char *wanted, const char *shipped,
                         const char *today, char **ret_warning, struct vt_error *err)
{
    bool is_url = strstr(wanted, "://");
    int r;

    *ret_warning = NULL;
    vt_str_replace(&config->image_dir, NULL);
    vt_str_replace(&config->image, is_url ? NULL : vt_strdup(wanted));
    vt_str_replace(&config->image_url, is_url ? vt_strdup(wanted) : NULL);
    if (config->image && !vt_image_is_name(config))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "'%s' is a path; give an address, or a name of the catalogue such as "
                            "debian:13",
                            wanted);
    r = vt_image_resolve(config, shipped, today, ret_warning, err);
    return r < 0 ? r : vt_config_check(config, err);
}
