/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/find.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/url.h"
#include "image/fetch.h"
#include "image/open.h"
#include "image/probe.h"

/* The places in the container, the first that is there is taken; then DISK_DIR, KubeVirt's
 * containerDisk. */
static const char *const places[] = {"/image", "/image.xz", "/image.gz", "/image.zst",
                                     "/image.bz2"};
#define DISK_DIR "/disk"

void vt_image_source_done(struct vt_image_source *source)
{
    free(source->path);
    free(source->url);
    *source = (struct vt_image_source){0};
}

/* @path is taken over. */
static int use_path(char *path, struct vt_image_source *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *owned = path;
    bool packed = false;
    int r = vt_image_is_packed(path, &packed, err);

    if (r == 0)
        *ret = (struct vt_image_source){.path = VT_TAKE_PTR(owned), .packed = packed};
    return r;
}

static int use_named(const char *image, struct vt_image_source *ret, struct vt_error *err)
{
    struct stat st;

    if (strstr(image, "://")) {
        VT_AUTO_FREE char *shown = vt_url_public(image);

        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE=%s is an address, and IMAGE is a path in the container; give it "
                            "as IMAGE_URL",
                            shown);
    }
    if (stat(image, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                            "IMAGE=%s: there is no such file in the container; mount it (-v "
                            "HOST_PATH:%s)",
                            image, image);
    return use_path(vt_image_absolute(image), ret, err);
}

/* Whether anything is at @path. A place that may not be looked at counts, so that its error is
 * told. */
static bool is_there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* The one file of @dir in @ret, NULL if there is none. Hidden files and directories do not count.
 */
static int single_file(const char *dir, char **ret, struct vt_error *err)
{
    VT_AUTO_CLOSEDIR DIR *stream = opendir(dir);
    VT_AUTO_FREE char *found = NULL;
    const struct dirent *entry;

    if (!stream && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!stream)
        return vt_image_unreadable(err, dir, errno, "virtainer");
    while ((entry = readdir(stream))) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", dir, entry->d_name);
        struct stat st;

        if (entry->d_name[0] == '.' || stat(path, &st) < 0 || S_ISDIR(st.st_mode))
            continue;
        if (found)
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "%s and %s are both in %s, where one image is expected; choose one "
                                "with IMAGE",
                                found, path, dir);
        found = VT_TAKE_PTR(path);
    }
    *ret = VT_TAKE_PTR(found);
    return 0;
}

static int no_image(const char *root, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                        "no base image: looked for %s/image, %s/image.xz, .gz, .zst and .bz2, and "
                        "a file in %s" DISK_DIR "; mount one (-v HOST_PATH:/image:ro), or give "
                        "IMAGE or IMAGE_URL",
                        root, root, root);
}

int vt_image_find(const struct vt_config *config, const char *root, struct vt_image_source *ret,
                  struct vt_error *err)
{
    VT_AUTO_FREE char *disk = vt_fmt("%s" DISK_DIR, root);
    VT_AUTO_FREE char *file = NULL;
    int r;

    if (config->image)
        return use_named(config->image, ret, err);
    if (config->image_url) {
        *ret = (struct vt_image_source){
            .path = vt_image_fetch_path(config->image_dir, config->image_url,
                                        config->image_checksum, config->image_keyring),
            .url = vt_strdup(config->image_url),
        };
        return 0;
    }
    for (size_t i = 0; i < VT_ARRAY_SIZE(places); i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s%s", root, places[i]);

        if (is_there(path))
            return use_path(VT_TAKE_PTR(path), ret, err);
    }
    r = single_file(disk, &file, err);
    if (r < 0)
        return r;
    return file ? use_path(VT_TAKE_PTR(file), ret, err) : no_image(root, err);
}
