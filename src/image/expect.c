/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/expect.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/url.h"
#include "image/retry.h"
#include "image/transfer.h"

char *vt_url_file_name(const char *url)
{
    VT_AUTO_FREE char *path = vt_strndup(url, strcspn(url, "?#"));
    const char *slash = strrchr(path, '/');

    return vt_strdup(slash ? slash + 1 : path);
}

/* --- the file of checksums --- */

struct sums {
    const char *url;
    char *shown; /* it, for people */
    struct vt_buf text;
};

static int too_large(const struct sums *sums, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_FETCH, -EFBIG,
                        "IMAGE_CHECKSUM=%s is larger than 1 MiB, and so no file of checksums",
                        sums->shown);
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

static int get_sums(struct sums *sums, const struct vt_wish *wish, struct vt_error *err)
{
    struct vt_transfer t = {
        .url = sums->url,
        .hasty = wish->once,
        .cancel_fd = wish->cancel_fd,
        .begin = on_sums_begin,
        .data = on_sums_data,
        .user = sums,
    };
    struct vt_retry retry = {.cancel_fd = wish->cancel_fd, .progress = wish->progress};
    struct vt_transfer_end end;
    int r;

    do {
        r = vt_transfer_run(&t, &end, err);
        if (r == 0 || !end.passing || wish->once)
            return r;
        retry.most = end.unresolved ? VT_TRIES_UNRESOLVED : 0;
        r = vt_retry_wait(&retry, r, false, end.retry_after, err);
    } while (r == 0);
    return r;
}

static int look_up(const struct vt_wish *wish, struct vt_checksum *ret, struct vt_error *err)
{
    struct sums sums = {.url = wish->text,
                        .shown = vt_url_public(wish->text),
                        .text = VT_BUF_INIT(VT_CHECKSUMS_MAX)};
    VT_AUTO_FREE char *name = vt_url_file_name(wish->url);
    VT_AUTO_FREE char *sums_name = vt_url_file_name(wish->text);
    /* "disk.img.sha256" is of disk.img. */
    bool own = vt_startswith(sums_name, name) && sums_name[strlen(name)] == '.';
    int r = get_sums(&sums, wish, err);

    if (r == 0) {
        VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;

        r = vt_checksum_find(vt_buf_str(&sums.text), sums.text.len, name, own, ret, &why);
        if (r < 0)
            (void)vt_error_set(err, why.cause, r, "IMAGE_CHECKSUM=%s %s", sums.shown, why.msg);
    }
    vt_buf_done(&sums.text);
    free(sums.shown);
    return r;
}

int vt_expect(const struct vt_wish *wish, struct vt_checksum *found, const struct vt_checksum **ret,
              struct vt_error *err)
{
    VT_AUTO_FREE char *shown = NULL;

    *ret = wish->text ? found : NULL;
    if (!wish->text || vt_checksum_parse(wish->text, found) == 0)
        return 0;
    if (vt_transfer_takes(wish->text))
        return look_up(wish, found, err);
    shown = vt_url_public(wish->text);
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "IMAGE_CHECKSUM=%s is no checksum; give sha256: and 64 or sha512: and 128 "
                        "hexadecimal digits, or the URL of a file of checksums",
                        shown);
}
