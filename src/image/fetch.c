/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fetch.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "host/files.h"
#include "image/checksum.h"
#include "image/download.h"
#include "image/hash.h"
#include "image/open.h"
#include "image/retry.h"
#include "image/transfer.h"

/* The last part of the path of @url, which the caller frees; "" if it has none. */
static char *file_name(const char *url)
{
    VT_AUTO_FREE char *path = vt_strndup(url, strcspn(url, "?#"));
    const char *slash = strrchr(path, '/');

    return vt_strdup(slash ? slash + 1 : path);
}

char *vt_image_fetch_path(const char *data_dir, const char *url, const char *checksum)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *key = vt_fmt("%s\n%s", url, checksum ? checksum : "");
    VT_AUTO_FREE char *hash = vt_hash_text(key, strlen(key));
    VT_AUTO_FREE char *base = file_name(url);

    for (char *c = base; *c; c++) {
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *c))
            *c = '_';
        /* What is made on the way to a file has names with such an ending, and is removed. */
        if (vt_startswith(c, ".part"))
            *c = '_';
    }
    return vt_fmt("%s/.virtainer/images/%.16s-%.100s", dir, hash, *base ? base : "image");
}

/* --- the file of checksums --- */

struct sums {
    const char *url;
    struct vt_buf text;
};

static int too_large(const struct sums *sums, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_FETCH, -EFBIG,
                        "IMAGE_CHECKSUM=%s is larger than 1 MiB, and so no file of checksums",
                        sums->url);
}

static int on_sums_begin(const struct vt_reply *reply, void *user, struct vt_error *err)
{
    struct sums *sums = user;

    vt_buf_done(&sums->text);
    sums->text = (struct vt_buf)VT_BUF_INIT(VT_CHECKSUMS_MAX);
    return reply->total_known && reply->total > VT_CHECKSUMS_MAX ? too_large(sums, err) : 0;
}

static int on_sums_data(const void *data, size_t len, void *user, struct vt_error *err)
{
    struct sums *sums = user;

    vt_buf_add(&sums->text, data, len);
    return sums->text.overflowed ? too_large(sums, err) : 0;
}

static int get_sums(struct sums *sums, int cancel_fd, const struct vt_progress *progress,
                    struct vt_error *err)
{
    struct vt_transfer t = {
        .url = sums->url,
        .cancel_fd = cancel_fd,
        .begin = on_sums_begin,
        .data = on_sums_data,
        .user = sums,
    };
    struct vt_retry retry = {.cancel_fd = cancel_fd, .progress = progress};
    struct vt_transfer_end end;
    int r;

    do {
        r = vt_transfer_run(&t, &end, err);
        if (r == 0 || !end.passing)
            return r;
        r = vt_retry_wait(&retry, r, false, end.retry_after, err);
    } while (r == 0);
    return r;
}

static int look_up(const char *sums_url, const char *url, int cancel_fd,
                   const struct vt_progress *progress, struct vt_checksum *ret,
                   struct vt_error *err)
{
    struct sums sums = {.url = sums_url, .text = VT_BUF_INIT(VT_CHECKSUMS_MAX)};
    VT_AUTO_FREE char *name = file_name(url), *sums_name = file_name(sums_url);
    /* "disk.img.sha256" is of disk.img. */
    bool own = vt_startswith(sums_name, name) && sums_name[strlen(name)] == '.';
    int r = get_sums(&sums, cancel_fd, progress, err);

    if (r == 0) {
        VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;

        r = vt_checksum_find(vt_buf_str(&sums.text), sums.text.len, name, own, ret, &why);
        if (r < 0)
            (void)vt_error_set(err, why.cause, r, "IMAGE_CHECKSUM=%s %s", sums_url, why.msg);
    }
    vt_buf_done(&sums.text);
    return r;
}

/* What the download must be: *@ret is @found, or NULL without a wish. */
static int resolve_checksum(const char *text, const char *url, int cancel_fd,
                            const struct vt_progress *progress, struct vt_checksum *found,
                            const struct vt_checksum **ret, struct vt_error *err)
{
    int r;

    *ret = text ? found : NULL;
    if (!text || vt_checksum_parse(text, found) == 0)
        return 0;
    if (vt_transfer_takes(text)) {
        r = look_up(text, url, cancel_fd, progress, found, err);
        return r;
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "IMAGE_CHECKSUM=%s is no checksum; give sha256: and 64 or sha512: and 128 "
                        "hexadecimal digits, or the URL of a file of checksums",
                        text);
}

static int fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                 const struct vt_progress *progress, struct vt_error *err)
{
    struct vt_checksum found;
    struct vt_download wanted = {
        .url = url, .destination = destination, .cancel_fd = cancel_fd, .progress = progress};
    int r;

    if (vt_path_exists(destination))
        return 0;
    if (!vt_transfer_takes(url))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE_URL=%s is no address that can be fetched; one begins with "
                            "https://, http:// or file:/// and has no spaces",
                            url);
    r = resolve_checksum(checksum, url, cancel_fd, progress, &found, &wanted.checksum, err);
    return r < 0 ? r : vt_download_run(&wanted, err);
}

int vt_image_fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error own = VT_ERROR_INIT;
    int r = fetch(url, destination, checksum, cancel_fd, progress, &own);

    vt_error_move(err, &own);
    return r;
}
