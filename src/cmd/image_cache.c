/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/image_cache.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "config/config.h"
#include "host/interrupt.h"
#include "image/cache_care.h"
#include "image/cache_get.h"
#include "image/catalogue.h"
#include "image/resolve.h"

enum { DAY = 86400, ORPHAN_DAYS = 30 };

/* The cache, which the others cannot do without. @config is initialised here. */
static int open_cache(struct vt_config *config, struct vt_cache *ret, struct vt_error *err)
{
    int r;

    vt_config_init(config);
    r = vt_config_read_env(config, err);
    if (r == 0)
        r = vt_cache_open(config, ret, err);
    if (r == 0 && !ret->dir)
        r = vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                         "there is no cache: mount a directory at %s (-v HOST_PATH:%s)",
                         config->image_cache, config->image_cache);
    return r;
}

int vt_image_list_cached(bool json, struct vt_error *err)
{
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_CONFIG struct vt_config config;
    VT_AUTO_FREE char *text = NULL;
    int r = open_cache(&config, &cache, err);

    if (r == 0)
        r = vt_cached_list_read(&cache, &list, err);
    if (r < 0)
        return r;
    text = json ? vt_cached_list_json(&list) : vt_cached_list_text(&list);
    printf("%s%s", text, json ? "\n" : "");
    return 0;
}

/* ---- pull ---- */

static int wish(struct vt_config *config, const char *image, const char *checksum,
                struct vt_error *err)
{
    VT_AUTO_FREE char *warning = NULL;
    char today[VT_DAY_TEXT];
    int r;

    if (checksum)
        vt_str_replace(&config->image_checksum, vt_strdup(checksum));
    vt_today(today);
    r = vt_image_resolve_new(config, image, VT_CATALOGUE_DIR, today, &warning, err);
    if (warning)
        vt_warning("%s", warning);
    return r;
}

int vt_image_pull(const char *image, const char *checksum, struct vt_error *err)
{
    struct vt_cmd_progress shown;
    struct vt_progress progress = vt_cmd_progress_begin(&shown, "the image");
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_CONFIG struct vt_config config;
    VT_AUTO_FREE char *path = NULL;
    struct vt_cache_wish wanted;
    int r = open_cache(&config, &cache, err);

    if (r == 0 && !cache.writable)
        r = vt_error_set(err, VT_CAUSE_DATA_DIR, -EROFS,
                         "the cache %s is read-only here; mount it without :ro", cache.dir);
    if (r == 0)
        r = wish(&config, image, checksum, err);
    if (r < 0)
        return r;
    vt_interrupt_watch();
    wanted = (struct vt_cache_wish){
        .url = config.image_url,
        .checksum = config.image_checksum,
        .keyring = config.image_keyring,
        .signature = config.image_signature,
        .name = config.image_name,
        .cancel_fd = vt_interrupt_fd(),
        .progress = &progress,
    };
    r = vt_cache_get(&cache, &wanted, &path, err);
    vt_cmd_progress_end(&shown);
    if (r == 0)
        printf("%s\n", path);
    return vt_interrupt_status(r);
}

/* ---- verify ---- */

/* Returns 1 when it is damaged. */
static int verify_one(const struct vt_cached_image *image, struct vt_error *err)
{
    struct vt_cmd_progress shown;
    struct vt_progress progress = vt_cmd_progress_begin(&shown, "the image");
    char digest[VT_SHA256_DIGITS + 1];
    bool right;
    int r = vt_cache_digest(image->path, vt_interrupt_fd(), &progress, digest, err);

    vt_cmd_progress_end(&shown);
    if (r < 0)
        return r;
    right = vt_streq(digest, image->digest);
    printf("%s  %s\n", right ? "ok     " : "DAMAGED", image->path);
    (void)fflush(stdout);
    return right ? 0 : 1;
}

static int verify_all(const struct vt_cached_list *list, const char *which, struct vt_error *err)
{
    size_t found = 0, damaged = 0;

    for (size_t i = 0; i < list->count; i++) {
        int r;

        if (which && !vt_cached_image_is(&list->images[i], which))
            continue;
        found++;
        r = verify_one(&list->images[i], err);
        if (r < 0)
            return r;
        damaged += r > 0 ? 1 : 0;
    }
    if (which && found == 0)
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                            "the cache has no %s; virtainer image list --cached tells what it has",
                            which);
    if (damaged > 0)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EBADMSG,
                            "%zu of %zu images in the cache %s not what %s: remove the file, and "
                            "it is downloaded again",
                            damaged, found, damaged == 1 ? "is" : "are",
                            damaged == 1 ? "it was" : "they were");
    return 0;
}

int vt_image_verify(const char *which, struct vt_error *err)
{
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_CONFIG struct vt_config config;
    int r = open_cache(&config, &cache, err);

    if (r == 0)
        r = vt_cached_list_read(&cache, &list, err);
    if (r < 0)
        return r;
    vt_interrupt_watch();
    return vt_interrupt_status(verify_all(&list, which, err));
}

/* ---- prune ---- */

static void on_removed(const struct vt_cached_image *image)
{
    VT_AUTO_FREE char *size = vt_size_text(image->size);

    printf("removed  %s: %s\n", image->path, size);
}

int vt_image_prune(const char *days, bool all, struct vt_error *err)
{
    struct vt_prune what = {
        .unused_for = all ? 0 : (int64_t)vt_flag_number(days, ORPHAN_DAYS) * DAY,
        .orphans_only = !days && !all,
        .now = time(NULL),
    };
    VT_AUTO_CACHE struct vt_cache cache = {0};
    VT_AUTO_CONFIG struct vt_config config;
    int r = open_cache(&config, &cache, err);

    return r < 0 ? r : vt_cache_prune(&cache, &what, on_removed, err);
}
