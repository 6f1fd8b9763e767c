/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/resolve.h"

#include <errno.h>

#include "base/str.h"
#include "host/files.h"
#include "image/catalogue.h"
#include "image/fetch.h"
#include "image/overlay.h"

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

static bool is_downloaded(const struct vt_config *config, const struct vt_release *release)
{
    VT_AUTO_FREE char *path =
        vt_image_fetch_path(config->image_dir, release->url, checksum_of(config, release));

    return vt_path_exists(path);
}

/*
 * "fedora" means another release when a new one comes out, but a guest that is there stays what it
 * is: it keeps the release whose image lies in its data directory.
 */
static void keep_release(const struct vt_config *config, struct vt_entry *entry)
{
    VT_AUTO_FREE char *overlay = vt_fmt("%s/" VT_OVERLAY_NAME, config->image_dir);

    if (!entry->chosen || !vt_path_exists(overlay) || is_downloaded(config, entry->release))
        return;
    for (size_t i = 0; i < entry->distribution->release_count; i++) {
        if (is_downloaded(config, &entry->distribution->releases[i])) {
            entry->release = &entry->distribution->releases[i];
            return;
        }
    }
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

static void apply(struct vt_config *config, const struct vt_entry *entry)
{
    const struct vt_release *release = entry->release;

    vt_str_replace(&config->image_name,
                   vt_fmt("%s:%s", entry->distribution->name, release->version));
    vt_str_replace(&config->image_url, vt_strdup(release->url));
    vt_str_replace(&config->image, NULL);
    if (!config->image_checksum)
        config->image_checksum = vt_strdup(checksum_of(config, release));
    if (!config->ssh_user)
        config->ssh_user = vt_strdup(release->user);
    if (!config->os_variant)
        config->os_variant = vt_strdup(release->osinfo);
}

int vt_image_resolve(struct vt_config *config, const char *shipped, const char *today,
                     char **ret_warning, struct vt_error *err)
{
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};
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
    keep_release(config, &entry);
    apply(config, &entry);
    *ret_warning = warning(&entry, config->image_name, config->image_checksum != NULL, today);
    return 0;
}
