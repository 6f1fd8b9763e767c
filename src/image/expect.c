/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/expect.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/url.h"
#include "image/retry.h"
#include "image/signature.h"
#include "image/transfer.h"

char *vt_url_file_name(const char *url)
{
    VT_AUTO_FREE char *path = vt_strndup(url, strcspn(url, "?#"));
    const char *slash = strrchr(path, '/');

    return vt_strdup(slash ? slash + 1 : path);
}

bool vt_expect_is_signed(const char *checksum, const char *keyring)
{
    return keyring && checksum && vt_transfer_takes(checksum);
}

/* --- the file of checksums --- */

struct sums {
    const char *url;
    char *shown; /* it, for people */
    struct vt_buf text;
    bool missing;   /* there is no such file */
    bool forbidden; /* or there may be one, and it is not given to us */
};

static int too_large(const struct sums *sums, struct vt_error *err)
{
    VT_AUTO_FREE char *most = vt_size_text(sums->text.limit);

    return vt_error_set(err, VT_CAUSE_FETCH, -EFBIG,
                        "IMAGE_CHECKSUM=%s is larger than %s, and so no file of checksums",
                        sums->shown, most);
}

static int on_sums_begin(const struct vt_reply *reply, void *user, struct vt_error *err)
{
    struct sums *sums = user;
    size_t most = sums->text.limit;

    vt_buf_done(&sums->text);
    sums->text = (struct vt_buf)VT_BUF_INIT(most);
    return reply->total_known && reply->total > most ? too_large(sums, err) : 0;
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
        sums->missing = end.missing;
        sums->forbidden = end.forbidden;
        if (r == 0 || !end.passing || wish->once)
            return r;
        retry.most = end.unresolved ? VT_TRIES_UNRESOLVED : 0;
        r = vt_retry_wait(&retry, r, false, end.retry_after, err);
    } while (r == 0);
    return r;
}

/* --- its signature --- */

/* Get the signature of @sums in @ret, from beside it. Whether there is one, only a server that
 * answers can tell; one that forbids some names may have another. */
static int look_beside(const struct sums *sums, const struct vt_wish *wish, struct sums *ret,
                       struct vt_error *err)
{
    static const char *const suffixes[] = {".gpg", ".asc", ".sign"};
    VT_AUTO_ERROR struct vt_error forbidden = VT_ERROR_INIT;
    size_t path = strcspn(sums->url, "?#");
    int refused = 0;

    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        VT_AUTO_FREE char *url =
            vt_fmt("%.*s%s%s", (int)path, sums->url, suffixes[i], sums->url + path);
        int r;

        ret->url = url;
        r = get_sums(ret, wish, err);
        ret->url = NULL;
        if (r == 0 || (!ret->missing && !ret->forbidden))
            return r;
        if (ret->forbidden && refused == 0) {
            refused = r;
            vt_error_move(&forbidden, err);
        }
        vt_error_done(err);
    }
    if (refused < 0) {
        vt_error_move(err, &forbidden);
        return refused;
    }
    return vt_error_set(err, VT_CAUSE_FETCH, -EBADMSG,
                        "IMAGE_KEYRING is given, and there is no signature of IMAGE_CHECKSUM=%s: "
                        "neither in it nor beside it as .gpg, .asc or .sign",
                        sums->shown);
}

/* The same, from where the wish says that it is. */
static int get_signature(const struct sums *sums, const struct vt_wish *wish, struct sums *ret,
                         struct vt_error *err)
{
    VT_AUTO_FREE char *shown = NULL;
    int r;

    if (!wish->signature)
        return look_beside(sums, wish, ret, err);
    ret->url = wish->signature;
    r = get_sums(ret, wish, err);
    ret->url = NULL;
    if (r == 0 || !ret->missing)
        return r;
    shown = vt_url_public(wish->signature);
    return vt_error_set(err, VT_CAUSE_FETCH, -EBADMSG,
                        "IMAGE_KEYRING is given, and the signature of IMAGE_CHECKSUM=%s is not "
                        "there: %s",
                        sums->shown, shown);
}

/* Leave in @sums what is signed. */
static int verify(struct sums *sums, const struct vt_wish *wish, struct vt_error *err)
{
    struct sums signature = {.shown = sums->shown, .text = VT_BUF_INIT(VT_SIGNATURE_MAX)};
    struct vt_buf text = VT_BUF_INIT(VT_CHECKSUMS_MAX);
    struct vt_signed what = {
        .shown = sums->shown,
        .data = vt_buf_str(&sums->text),
        .len = sums->text.len,
        .keyring = wish->keyring,
        .cancel_fd = wish->cancel_fd,
    };
    int r = 0;

    if (wish->signature || !vt_signature_is_inline(what.data)) {
        r = get_signature(sums, wish, &signature, err);
        what.signature = vt_buf_str(&signature.text);
        what.signature_len = signature.text.len;
    }
    if (r == 0)
        r = vt_signature_verify(&what, &text, err);
    vt_buf_done(&signature.text);
    vt_buf_done(&sums->text);
    sums->text = text;
    return r;
}

/* Which names count in the file of checksums @wish->text, for the image @name. */
static enum vt_sums kind_of(const struct vt_wish *wish, const char *name)
{
    VT_AUTO_FREE char *sums_name = vt_url_file_name(wish->text);

    /* Else what is signed for one image could be served as another's. */
    if (wish->keyring)
        return VT_SUMS_NAMED;
    /* "disk.img.sha256" is of disk.img. */
    return vt_startswith(sums_name, name) && sums_name[strlen(name)] == '.' ? VT_SUMS_OWN
                                                                            : VT_SUMS_ANY;
}

static int find(const struct sums *sums, const struct vt_wish *wish, struct vt_checksum *ret,
                struct vt_error *err)
{
    VT_AUTO_FREE char *name = vt_url_file_name(wish->url);
    VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;
    int r = vt_checksum_find(vt_buf_str(&sums->text), sums->text.len, name, kind_of(wish, name),
                             ret, &why);

    return r < 0 ? vt_error_set(err, why.cause, r, "IMAGE_CHECKSUM=%s %s", sums->shown, why.msg)
                 : 0;
}

static int look_up(const struct vt_wish *wish, struct vt_checksum *ret, struct vt_error *err)
{
    struct sums sums = {.url = wish->text,
                        .shown = vt_url_public(wish->text),
                        .text = VT_BUF_INIT(VT_CHECKSUMS_MAX)};
    int r = get_sums(&sums, wish, err);

    if (r == 0 && wish->keyring)
        r = verify(&sums, wish, err);
    if (r == 0)
        r = find(&sums, wish, ret, err);
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
