/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/download.h"

#include <errno.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/hash.h"
#include "image/part.h"
#include "image/partial.h"
#include "image/retry.h"
#include "image/transfer.h"
#include "image/unpacker.h"

enum { READ_SIZE = 1 << 20, DIGEST_MAX = 64 };

struct download {
    const struct vt_download *wanted;
    char *url; /* for people */
    struct vt_partial part;
    struct vt_unpacker *unpacker; /* of what is there; NULL: there is nothing */
    struct vt_unpacked unpacked;  /* its file is to be removed, or given away */
    gnutls_hash_hd_t hash;        /* of what is there; NULL without a checksum */
    char *etag;                   /* of what is there, or NULL */
    int64_t modified;             /* or -1 */
    uint64_t best;                /* the farthest that any try came */
    bool pieced;                  /* what is there is of several replies */
    bool misfit;                  /* the server's range is not the rest of what is there */
    bool useless;                 /* what is there is not to be kept */
};

/* --- the checksum --- */

static gnutls_digest_algorithm_t algorithm(const struct vt_checksum *checksum)
{
    return checksum->digest == VT_DIGEST_SHA512 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256;
}

static int start_hash(struct download *d, struct vt_error *err)
{
    if (d->wanted->checksum && gnutls_hash_init(&d->hash, algorithm(d->wanted->checksum)) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot make a %s",
                            vt_digest_name(d->wanted->checksum->digest));
    return 0;
}

static int hash_more(const struct download *d, const void *data, size_t len, struct vt_error *err)
{
    if (d->hash && gnutls_hash(d->hash, data, len) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot go on with a digest");
    return 0;
}

/* The digest of what was hashed since the last call, which the caller frees; NULL without a hash.
 */
static char *take_digest(const struct download *d)
{
    uint8_t digest[DIGEST_MAX];

    if (!d->hash)
        return NULL;
    gnutls_hash_output(d->hash, digest);
    return vt_hash_hex(digest, gnutls_hash_get_len(algorithm(d->wanted->checksum)));
}

static int stopped(const struct download *d, struct vt_error *err)
{
    if (!vt_is_readable(d->wanted->cancel_fd))
        return 0;
    return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while downloading %s", d->url);
}

/* The bytes that an earlier call has left count for the checksum too. */
static int hash_old_bytes(const struct download *d, struct vt_error *err)
{
    VT_AUTO_FREE uint8_t *block = vt_calloc(1, READ_SIZE);
    uint64_t at = 0;
    int r = 0;

    while (d->hash && r == 0 && at < d->part.size) {
        ssize_t n = pread(d->part.fd, block, READ_SIZE, (off_t)at);

        if (n <= 0)
            return vt_data_error(err, n < 0 ? errno : EIO, "cannot read %s", d->part.path);
        r = hash_more(d, block, (size_t)n, err);
        at += (uint64_t)n;
        vt_progress_step(d->wanted->progress, "checking what is there of", at, d->part.size);
        if (r == 0)
            r = stopped(d, err);
    }
    return r;
}

/* --- unpacking --- */

/* Hand to the unpacker what is there. */
static int unpack_more(struct download *d, struct vt_error *err)
{
    int r = 0;

    if (!d->unpacker)
        r = vt_unpacker_begin(d->url, d->part.fd, d->wanted->unpacked, d->wanted->stays != NULL,
                              &d->unpacker, err);
    if (r == 0)
        vt_unpacker_reach(d->unpacker, d->part.size);
    return r;
}

/* Whether it still makes sense to go on. With a checksum it does, even if what arrives is damaged:
 * that tells better what is wrong. */
static int check_unpacker(const struct download *d, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;
    int r = vt_unpacker_check(d->unpacker, &why);

    if (d->hash && why.cause == VT_CAUSE_BAD_IMAGE)
        return 0;
    vt_error_move(err, &why);
    return r;
}

static void remove_unpacked(struct download *d)
{
    vt_unpacker_free(d->unpacker);
    d->unpacker = NULL;
    if (d->unpacked.path)
        (void)unlink(d->unpacked.path);
    vt_unpacked_done(&d->unpacked);
}

static int begin_anew(struct download *d, struct vt_error *err)
{
    free(take_digest(d));
    d->pieced = false;
    /* Before its bytes become others. */
    remove_unpacked(d);
    return vt_partial_empty(&d->part, err);
}

/* --- one reply --- */

static int check_room(const struct download *d, struct vt_error *err)
{
    if (!d->part.total_known)
        return 0;
    return vt_part_check_room(d->wanted->destination, d->part.total - d->part.size, err);
}

/* Whether the range in @reply is the rest of what is there. */
static bool fits(const struct download *d, const struct vt_reply *reply)
{
    const struct vt_partial *part = &d->part;

    return part->size > 0 && part->validator && reply->from == part->size &&
           (!reply->total_known || !part->total_known || reply->total == part->total) &&
           (!reply->validator || vt_streq(reply->validator, part->validator));
}

static int on_begin(const struct vt_reply *reply, void *user, struct vt_error *err)
{
    struct download *d = user;
    int r;

    vt_str_replace(&d->etag, vt_strdup(reply->etag));
    d->modified = reply->modified;

    if (reply->range && !fits(d, reply)) {
        d->misfit = true;
        return vt_error_set(err, VT_CAUSE_FETCH, -EPROTO,
                            "cannot download %s: the server sends a range that was not asked for",
                            d->url);
    }
    if (reply->range) {
        d->pieced = true;
        if (!d->part.total_known && reply->total_known) {
            d->part.total = reply->total;
            d->part.total_known = true;
        }
        return check_room(d, err);
    }
    r = begin_anew(d, err);
    if (r == 0)
        r = vt_partial_begin(&d->part, reply->validator, reply->total, reply->total_known, err);
    return r < 0 ? r : check_room(d, err);
}

static int on_data(const void *data, size_t len, void *user, struct vt_error *err)
{
    struct download *d = user;
    int r = hash_more(d, data, len, err);

    if (r == 0)
        r = vt_partial_add(&d->part, data, len, err);
    /* Of a full disk what fitted is as good as before. */
    if (r < 0)
        d->useless = err->cause != VT_CAUSE_DATA_FULL;
    if (d->part.size > d->best)
        d->best = d->part.size;
    if (r == 0)
        r = unpack_more(d, err);
    return r < 0 ? r : check_unpacker(d, err);
}

static void on_tick(void *user)
{
    const struct download *d = user;

    vt_progress_step(d->wanted->progress, "downloading", d->part.size,
                     d->part.total_known ? d->part.total : 0);
}

/* --- the tries --- */

/* One try from where we are. */
static int try_once(struct download *d, struct vt_transfer_end *end, struct vt_error *err)
{
    struct vt_transfer t = {
        .url = d->wanted->url,
        .from = d->part.validator ? d->part.size : 0,
        .validator = d->part.validator,
        .cancel_fd = d->wanted->cancel_fd,
        .begin = on_begin,
        .data = on_data,
        .tick = on_tick,
        .user = d,
    };
    int r;

    d->misfit = false;
    r = vt_transfer_run(&t, end, err);
    if (r == 0 && d->part.total_known && d->part.size != d->part.total) {
        end->passing = true;
        r = vt_error_set(err, VT_CAUSE_FETCH, -EIO,
                         "cannot download %s: the server sent another number of bytes than it "
                         "promised",
                         d->url);
    }
    return r;
}

/* Until there is all of it. */
static int get_all(struct download *d, struct vt_error *err)
{
    struct vt_retry retry = {.cancel_fd = d->wanted->cancel_fd, .progress = d->wanted->progress};

    while (!d->part.total_known || d->part.size < d->part.total || d->part.size == 0) {
        bool from_there = d->part.validator && d->part.size > 0;
        uint64_t best = d->best;
        struct vt_transfer_end end;
        int r = try_once(d, &end, err);

        if (r == 0)
            break;
        if (from_there && (d->misfit || end.range_refused || r == -ESTALE)) {
            vt_error_done(err);
            r = begin_anew(d, err);
        } else if (end.passing) {
            retry.most = end.unresolved ? VT_TRIES_UNRESOLVED : 0;
            r = vt_retry_wait(&retry, r, d->best > best, end.retry_after, err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_digest(const struct download *d, struct vt_error *err)
{
    VT_AUTO_FREE char *hex = take_digest(d);
    const struct vt_checksum *wanted = d->wanted->checksum;
    const char *name;

    if (!wanted || !hex || vt_streq(hex, wanted->hex))
        return 0;
    name = vt_digest_name(wanted->digest);
    return vt_error_set(err, VT_CAUSE_FETCH, -EBADMSG,
                        "the download of %s has %s:%s, not the one that IMAGE_CHECKSUM "
                        "gives (%s:%s); nothing of it was kept",
                        d->url, name, hex, name, wanted->hex);
}

/* All is there: whether it is right. *@ret_proven becomes whether its checksum is. */
static int check(struct download *d, bool *ret_proven, struct vt_error *err)
{
    int r = check_digest(d, err);

    *ret_proven = r == 0 && d->hash;
    if (r == 0)
        r = unpack_more(d, err);
    return r < 0 ? r
                 : vt_unpacker_finish(d->unpacker, d->part.size, d->wanted->cancel_fd,
                                      d->wanted->progress, &d->unpacked, err);
}

/* What was there already may be of a file that the server has no more, or torn by a power cut: that
 * it is wrong is believed of what came in one piece only, or has its checksum. */
static int get_right(struct download *d, struct vt_error *err)
{
    for (bool again = false;; again = true) {
        bool proven = false;
        int r = get_all(d, err);

        if (r == 0)
            r = check(d, &proven, err);
        if (r != -EBADMSG && err->cause != VT_CAUSE_BAD_IMAGE)
            return r;
        if (!d->pieced || again || proven) {
            d->useless = true;
            return r;
        }
        vt_progress_notice(d->wanted->progress,
                           r == -EBADMSG && err->cause == VT_CAUSE_FETCH
                               ? "the download, made of several pieces, has not the checksum that "
                                 "it must have; it is begun anew"
                               : "the download, made of several pieces, is damaged; it is begun "
                                 "anew");
        vt_error_done(err);
        r = begin_anew(d, err);
        if (r < 0)
            return r;
    }
}

/* It is whole and right. */
static int give_name(struct download *d, struct vt_error *err)
{
    int r;

    if (!d->unpacked.path)
        return vt_partial_finish(&d->part, err);
    r = vt_part_finish(d->unpacked.path, d->wanted->unpacked, err);
    if (r < 0)
        return r;
    vt_partial_remove(&d->part);
    vt_unpacked_done(&d->unpacked);
    return 0;
}

static int finish(struct download *d, struct vt_error *err)
{
    struct vt_downloaded *stays = d->wanted->stays;

    if (!stays)
        return give_name(d, err);
    *stays = (struct vt_downloaded){
        .path = vt_strdup(d->part.path),
        .record_path = vt_strdup(d->part.record_path),
        .image = VT_TAKE_PTR(d->unpacked.path),
        .digest = VT_TAKE_PTR(d->unpacked.digest),
        .etag = VT_TAKE_PTR(d->etag),
        .modified = d->modified,
        .size = d->part.size,
    };
    /* It was all there already. */
    if (!stays->etag && d->part.validator && d->part.validator[0] == '"')
        stays->etag = vt_strdup(d->part.validator);
    return 0;
}

void vt_downloaded_done(struct vt_downloaded *downloaded)
{
    free(downloaded->path);
    free(downloaded->record_path);
    free(downloaded->image);
    free(downloaded->digest);
    free(downloaded->etag);
    *downloaded = (struct vt_downloaded){0};
}

static int go_on(struct download *d, struct vt_error *err)
{
    VT_AUTO_FREE char *size = vt_size_text(d->part.size);
    VT_AUTO_FREE char *text = vt_fmt("%s of %s are there from an earlier start", size, d->url);
    int r;

    d->pieced = true;
    d->best = d->part.size;
    r = unpack_more(d, err);
    if (r == 0)
        r = hash_old_bytes(d, err);
    if (r == 0)
        vt_progress_notice(d->wanted->progress, text);
    return r;
}

/* With an error that is never NULL. */
static int download(struct download *d, struct vt_error *err)
{
    const struct vt_download *wanted = d->wanted;
    int r;

    /* What a run that was killed had unpacked is in the way of what needs its room. */
    vt_part_remove_leftovers(wanted->unpacked);
    r = vt_partial_open(wanted->destination, wanted->url, wanted->checksum, &d->part, err);
    if (r == 0)
        r = start_hash(d, err);
    if (r == 0 && d->part.size > 0)
        r = go_on(d, err);
    if (r == 0)
        r = get_right(d, err);
    if (r == 0)
        r = finish(d, err);
    remove_unpacked(d);
    if (r < 0 && d->part.fd >= 0 && (d->useless || !d->part.validator || d->part.size == 0))
        vt_partial_remove(&d->part);
    return r;
}

int vt_download_run(const struct vt_download *wanted, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error own = VT_ERROR_INIT;
    struct download d = {.wanted = wanted,
                         .part = VT_PARTIAL_INIT,
                         .modified = -1,
                         .url = vt_url_public(wanted->url)};
    int r = download(&d, &own);

    vt_error_move(err, &own);
    if (d.hash)
        gnutls_hash_deinit(d.hash, NULL);
    vt_partial_done(&d.part);
    free(d.etag);
    free(d.url);
    return r;
}
