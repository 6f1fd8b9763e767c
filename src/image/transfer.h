/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to a server; this file's implementation is the only one that includes libcurl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What a server says before the first byte. */
struct vt_reply {
    bool range;     /* the bytes from @from on, and not the whole */
    uint64_t from;  /* 0 without range */
    uint64_t total; /* size of the whole in bytes, if it is known */
    bool total_known;
    /*
     * What tells these bytes from those of another day: a strong ETag, or a Last-Modified long
     * enough before Date (RFC 9110, 8.8.2.2); NULL without such.
     */
    const char *validator;
    const char *etag; /* as it is, weak or strong; or NULL */
    int64_t modified; /* in seconds since 1970, a file's too; or -1 */
};

struct vt_transfer {
    const char *url;
    uint64_t from;         /* the first byte that is wanted; others than 0 need a validator */
    const char *validator; /* of the bytes before @from: if it is no longer true, all is sent */
    /* What is known already: if the server has nothing else, it sends nothing. */
    const char *known_etag; /* or NULL */
    int64_t known_modified; /* or -1 or 0: not known */
    bool hasty;             /* who is not there is not waited for as long as usual */
    int cancel_fd;          /* -1: none */
    /* Both return 0, or a negative errno with @err, which ends the transfer. begin() comes once and
     * first, also when there are no bytes. */
    int (*begin)(const struct vt_reply *reply, void *user, struct vt_error *err);
    int (*data)(const void *data, size_t len, void *user, struct vt_error *err);
    void (*tick)(void *user); /* many times a second, once a second when nothing comes; or NULL */
    void *user;
};

/* Why a transfer failed, as far as it matters for another try. */
struct vt_transfer_end {
    bool passing;         /* what may be better in a while: nobody answers, 503, cut off … */
    bool unresolved;      /* passing, or a host's name that is mistyped: nobody can tell */
    bool missing;         /* the server, or the file system, has no such file: 404, 410 */
    bool forbidden;       /* 403: so it may be, and some servers say no more of what is missing */
    bool range_refused;   /* status 416 */
    bool unchanged;       /* what is known already is so still; begin() was not called */
    unsigned retry_after; /* seconds to wait that the server asked for, or 0 */
};

/* Whether @url has a scheme that is fetched: https, http or file. */
bool vt_transfer_takes(const char *url);

/*
 * Get @t->url once. Redirects are followed, proxies are as the environment says. Returns 0, what a
 * callback returned, -ECANCELED with VT_CAUSE_NONE when @t->cancel_fd became readable, -EINVAL with
 * VT_CAUSE_USAGE for what is no URL, or another negative errno with VT_CAUSE_FETCH.
 */
int vt_transfer_run(const struct vt_transfer *t, struct vt_transfer_end *ret,
                    struct vt_error *err) VT_MUST_CHECK;

/*
 * Parse a Content-Range ("bytes 5-9/10", where the total may be a star). Returns 0 with @ret->from,
 * total and total_known set, or -EINVAL if it is none, or does not reach to the end.
 */
int vt_transfer_parse_range(const char *text, struct vt_reply *ret) VT_MUST_CHECK;
