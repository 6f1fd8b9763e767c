/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "image/hash.h"
#include "image/open.h"
#include "image/part.h"

#define IMAGES "images/sha256"

enum { READ_SIZE = 1 << 20 };

void vt_cache_done(struct vt_cache *cache)
{
    free(cache->dir);
    *cache = (struct vt_cache){0};
}

int vt_cache_open(const struct vt_config *config, struct vt_cache *ret, struct vt_error *err)
{
    struct stat st;

    *ret = (struct vt_cache){0};
    if (!config->image_cache)
        return 0;
    if (stat(config->image_cache, &st) == 0 && S_ISDIR(st.st_mode)) {
        ret->dir = vt_strdup(config->image_cache);
        ret->writable = access(ret->dir, W_OK | X_OK) == 0;
        return 0;
    }
    if (!config->image_cache_given)
        return 0;
    return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                        "IMAGE_CACHE=%s: there is no such directory in the container; mount one "
                        "(-v HOST_PATH:%s)",
                        config->image_cache, config->image_cache);
}

int vt_cache_error(struct vt_error *err, int errnum, const char *what, const char *path)
{
    int r = vt_data_error(err, errnum, "cannot %s %s", what, path);

    vt_data_error_elsewhere(err, VT_PLACE_CACHE);
    return r;
}

char *vt_cache_image(const struct vt_cache *cache, const char *digest)
{
    return vt_fmt("%s/" IMAGES "/%s", cache->dir, digest);
}

char *vt_cache_file(const struct vt_cache *cache, const char *sub, const char *key,
                    const char *suffix)
{
    return vt_fmt("%s/%s/%s%s", cache->dir, sub, key, suffix);
}

static bool is_file(const char *path, uint64_t *ret_size)
{
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    *ret_size = (uint64_t)st.st_size;
    return true;
}

char *vt_cache_same_image(const struct vt_cache *cache, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    VT_AUTO_FREE char *image = NULL;
    uint64_t size;

    if (!cache->dir || len < strlen("/" IMAGES) ||
        strncmp(slash - strlen("/" IMAGES), "/" IMAGES, strlen("/" IMAGES)) != 0 ||
        !vt_is_sha256(slash + 1))
        return NULL;
    image = vt_cache_image(cache, slash + 1);
    return is_file(image, &size) ? VT_TAKE_PTR(image) : NULL;
}

bool vt_cache_hold(const struct vt_cache *cache, const char *path)
{
    static int held = -1;
    VT_AUTO_FREE char *image = vt_cache_same_image(cache, path);
    VT_AUTO_CLOSE int fd = -1;
    struct stat st;

    if (!image || !vt_streq(image, path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    /* Where no lock can be had, vt_cache_prune() has none either, and removes nothing. */
    if (fd < 0 || (flock(fd, LOCK_SH) < 0 && errno == EINTR) || fstat(fd, &st) < 0 ||
        st.st_nlink == 0)
        return false;
    (void)futimens(fd, NULL);
    vt_closep(&held);
    held = VT_TAKE_FD(fd);
    return true;
}

int vt_cache_look_up(const struct vt_cache *cache, const char *key, struct vt_cache_entry *ret)
{
    VT_AUTO_FREE char *path = vt_cache_file(cache, "index", key, ".json");
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_AUTO_FREE char *text = NULL, *image = NULL;
    uint64_t size = 0;
    size_t len = 0;

    if (vt_file_read(path, VT_CACHE_ENTRY_MAX, &text, &len) < 0 ||
        vt_cache_entry_parse(text, len, &entry) < 0)
        return -ENOENT;
    image = vt_cache_image(cache, entry.digest);
    if (!is_file(image, &size) || size != entry.image_size)
        return -ENOENT;
    *ret = entry;
    entry = (struct vt_cache_entry){0};
    return 0;
}

static int hash_to_end(int fd, const char *path, uint64_t size, int cancel_fd,
                       const struct vt_progress *progress, gnutls_hash_hd_t hash,
                       struct vt_error *err)
{
    VT_AUTO_FREE uint8_t *block = vt_calloc(1, READ_SIZE);

    for (uint64_t at = 0;;) {
        ssize_t n = pread(fd, block, READ_SIZE, (off_t)at);

        if (n < 0)
            return vt_error_errno(err, VT_CAUSE_IMAGE_UNREADABLE, errno, "cannot read %s", path);
        if (n == 0)
            return 0;
        if (gnutls_hash(hash, block, (size_t)n) < 0)
            return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot go on with a digest");
        at += (uint64_t)n;
        vt_progress_step(progress, "checking", at, size);
        if (vt_is_readable(cancel_fd))
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while reading %s", path);
    }
}

int vt_cache_digest(const char *path, int cancel_fd, const struct vt_progress *progress,
                    char ret[VT_SHA256_DIGITS + 1], struct vt_error *err)
{
    VT_AUTO_FREE char *hex = NULL;
    gnutls_hash_hd_t hash;
    uint64_t size = 0;
    VT_AUTO_CLOSE int fd = vt_image_open(path, &size, err);
    int r;

    if (fd < 0)
        return fd;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot make a sha256");
    r = hash_to_end(fd, path, size, cancel_fd, progress, hash, err);
    hex = vt_hash_end(hash);
    memcpy(ret, hex, VT_SHA256_DIGITS + 1);
    return r;
}
