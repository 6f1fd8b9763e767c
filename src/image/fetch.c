/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fetch.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/download.h"
#include "image/expect.h"
#include "image/hash.h"
#include "image/open.h"
#include "image/part.h"
#include "image/transfer.h"
#include "image/unpack.h"

char *vt_image_fetch_name(const char *url, const char *checksum, const char *keyring)
{
    VT_AUTO_FREE char *key = vt_fmt("%s\n%s%s", url, checksum ? checksum : "",
                                    vt_expect_is_signed(checksum, keyring) ? "\nsigned" : "");
    VT_AUTO_FREE char *hash = vt_hash_text(key, strlen(key));
    VT_AUTO_FREE char *base = vt_url_file_name(url);

    for (char *c = base; *c; c++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *c))
            *c = '_';
    vt_part_safe_name(base);
    return vt_fmt("%.16s-%.100s", hash, *base ? base : "image");
}

char *vt_image_fetch_path(const char *data_dir, const char *url, const char *checksum,
                          const char *keyring)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *name = vt_image_fetch_name(url, checksum, keyring);
    VT_AUTO_FREE char *path = vt_fmt("%s/" VT_IMAGES_DIR "/%s", dir, name);
    VT_AUTO_FREE char *plain = vt_image_plain_path(path);

    return vt_path_exists(plain) ? VT_TAKE_PTR(plain) : VT_TAKE_PTR(path);
}

static int fetch(const struct vt_wish *wish, const char *destination, struct vt_error *err)
{
    VT_AUTO_FREE char *plain = vt_image_plain_path(destination);
    struct vt_checksum found;
    struct vt_download wanted = {.url = wish->url,
                                 .destination = destination,
                                 .unpacked = plain,
                                 .cancel_fd = wish->cancel_fd,
                                 .progress = wish->progress};
    int r;

    if (vt_path_exists(destination) || vt_path_exists(plain))
        return 0;
    if (!vt_transfer_takes(wish->url)) {
        VT_AUTO_FREE char *shown = vt_url_public(wish->url);

        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE_URL=%s is no address that can be fetched; one begins with "
                            "https://, http:// or file:/// and has no spaces",
                            shown);
    }
    r = vt_expect(wish, &found, &wanted.checksum, err);
    return r < 0 ? r : vt_download_run(&wanted, err);
}

int vt_image_fetch_as(const struct vt_wish *wish, const char *destination, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error own = VT_ERROR_INIT;
    int r = fetch(wish, destination, &own);

    vt_error_move(err, &own);
    return r;
}

int vt_image_fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err)
{
    struct vt_wish wish = {
        .text = checksum, .url = url, .cancel_fd = cancel_fd, .progress = progress};

    return vt_image_fetch_as(&wish, destination, err);
}
