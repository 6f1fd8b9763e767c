/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <strings.h>

#include "base/str.h"
#include "host/files.h"
#include "image/hash.h"
#include "image/open.h"
#include "image/part.h"

#define CHECKSUM_PREFIX "sha256:"
#define CHECKSUM_DIGITS 64

/* A server that sends less than this for so long (seconds) has gone. */
enum { LOW_SPEED_BYTES = 1024, LOW_SPEED_TIME = 60, CONNECT_TIME = 30, MAX_REDIRECTS = 10 };

struct fetch {
    const char *url;
    const char *destination;
    const char *checksum; /* the digits, or NULL */
    int out;
    int write_errno; /* why the write callback gave up */
    int cancel_fd;
    gnutls_hash_hd_t hash;
    const struct vt_progress *progress;
    char message[CURL_ERROR_SIZE];
};

char *vt_image_fetch_path(const char *data_dir, const char *url, const char *checksum)
{
    VT_AUTO_FREE char *dir = vt_image_absolute(data_dir);
    VT_AUTO_FREE char *key = vt_fmt("%s\n%s", url, checksum ? checksum : "");
    VT_AUTO_FREE char *hash = vt_hash_text(key, strlen(key));
    VT_AUTO_FREE char *name = vt_strndup(url, strcspn(url, "?#"));
    char *base = strrchr(name, '/');

    base = base ? base + 1 : name;
    for (char *c = base; *c; c++) {
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *c))
            *c = '_';
    }
    return vt_fmt("%s/.virtainer/images/%.16s-%.100s", dir, hash, *base ? base : "image");
}

static int parse_checksum(const char *text, const char **ret, struct vt_error *err)
{
    *ret = NULL;
    if (!text)
        return 0;
    if (!vt_startswith(text, CHECKSUM_PREFIX) ||
        strlen(text) != strlen(CHECKSUM_PREFIX) + CHECKSUM_DIGITS ||
        strspn(text + strlen(CHECKSUM_PREFIX), "0123456789abcdefABCDEF") != CHECKSUM_DIGITS)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "IMAGE_CHECKSUM=%s is no checksum; give sha256: and 64 hexadecimal "
                            "digits",
                            text);
    *ret = text + strlen(CHECKSUM_PREFIX);
    return 0;
}

static int no_url(const char *url, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "IMAGE_URL=%s is no address that can be fetched; one begins with https://, "
                        "http:// or file:/// and has no spaces",
                        url);
}

static int check_url(const char *url, struct vt_error *err)
{
    static const char *const schemes[] = {"https://", "http://", "file://"};

    for (size_t i = 0; i < VT_ARRAY_SIZE(schemes); i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return 0;
    }
    return no_url(url, err);
}

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct fetch *f = user;
    size_t len = size * count, left = len;

    if (gnutls_hash(f->hash, data, len) < 0) {
        f->write_errno = EIO;
        return CURL_WRITEFUNC_ERROR;
    }
    while (left > 0) {
        ssize_t n = write(f->out, data, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            f->write_errno = errno;
            return CURL_WRITEFUNC_ERROR;
        }
        data += n;
        left -= (size_t)n;
    }
    return len;
}

static int on_progress(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total,
                       curl_off_t up_done)
{
    const struct fetch *f = user;

    (void)up_total;
    (void)up_done;
    vt_progress_step(f->progress, "downloading", (uint64_t)done, (uint64_t)total);
    return 0;
}

static const struct {
    CURLoption option;
    long value;
} options[] = {
    {CURLOPT_FOLLOWLOCATION, 1},
    {CURLOPT_MAXREDIRS, MAX_REDIRECTS},
    {CURLOPT_FAILONERROR, 1},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_CONNECTTIMEOUT, CONNECT_TIME},
    {CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES},
    {CURLOPT_LOW_SPEED_TIME, LOW_SPEED_TIME},
    {CURLOPT_BUFFERSIZE, 262144},
    {CURLOPT_NOPROGRESS, 0},
    /* Else the end of a cancelled download would wait for the resolver's thread. */
    {CURLOPT_QUICK_EXIT, 1},
};

/* The pairs whose values are strings. A redirect to file:// could read any file, so it is not
 * followed. */
static const struct {
    CURLoption option;
    const char *value;
} texts[] = {
    {CURLOPT_PROTOCOLS_STR, "http,https,file"},
    {CURLOPT_REDIR_PROTOCOLS_STR, "http,https"},
    {CURLOPT_USERAGENT, "virtainer/" VT_VERSION},
};

static bool set_callbacks(CURL *curl, struct fetch *f)
{
    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, f->message) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, f) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, f) == CURLE_OK;
}

/* Proxies are libcurl's own affair: it reads http_proxy and its like from the environment. */
static CURLcode set_up(CURL *curl, struct fetch *f)
{
    CURLcode c = curl_easy_setopt(curl, CURLOPT_URL, f->url);

    for (size_t i = 0; c == CURLE_OK && i < VT_ARRAY_SIZE(options); i++)
        c = curl_easy_setopt(curl, options[i].option, options[i].value);
    for (size_t i = 0; c == CURLE_OK && i < VT_ARRAY_SIZE(texts); i++)
        c = curl_easy_setopt(curl, texts[i].option, texts[i].value);
    if (c == CURLE_OK && !set_callbacks(curl, f))
        c = CURLE_FAILED_INIT;
    return c;
}

static int failed(const struct fetch *f, CURLcode code, struct vt_error *err)
{
    const char *why = f->message[0] ? f->message : curl_easy_strerror(code);

    if (f->write_errno)
        return vt_data_error(err, f->write_errno, "cannot write the download to %s",
                             f->destination);
    if (code == CURLE_URL_MALFORMAT)
        return no_url(f->url, err);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return vt_error_set(err, VT_CAUSE_FETCH, -EIO,
                            "%s is not trusted: %s; check the address and the container's clock",
                            f->url, why);
    return vt_error_set(err, VT_CAUSE_FETCH, -EIO, "cannot download %s: %s", f->url, why);
}

/* Run the transfer to its end or the caller's. */
static int transfer(CURLM *multi, struct fetch *f, CURLcode *ret, struct vt_error *err)
{
    struct curl_waitfd cancel = {.fd = f->cancel_fd, .events = CURL_WAIT_POLLIN};
    unsigned cancel_count = f->cancel_fd >= 0 ? 1 : 0;
    int running = 1;

    for (;;) {
        CURLMcode m = curl_multi_perform(multi, &running);

        if (m == CURLM_OK && running)
            m = curl_multi_poll(multi, &cancel, cancel_count, 1000, NULL);
        if (m != CURLM_OK)
            return vt_error_set(err, VT_CAUSE_FETCH, -EIO, "cannot download %s: %s", f->url,
                                curl_multi_strerror(m));
        if (cancel.revents)
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while downloading %s",
                                f->url);
        if (!running) {
            const CURLMsg *message = curl_multi_info_read(multi, &(int){0});

            *ret = message ? message->data.result : CURLE_FAILED_INIT;
            return 0;
        }
    }
}

static int download(struct fetch *f, struct vt_error *err)
{
    CURLM *multi = curl_multi_init();
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;
    int r;

    if (multi && curl)
        code = set_up(curl, f);
    if (code == CURLE_OK && curl_multi_add_handle(multi, curl) == CURLM_OK) {
        r = transfer(multi, f, &code, err);
        if (r == 0 && code != CURLE_OK)
            r = failed(f, code, err);
        (void)curl_multi_remove_handle(multi, curl);
    } else {
        r = failed(f, code, err);
    }
    curl_easy_cleanup(curl);
    (void)curl_multi_cleanup(multi);
    return r;
}

static int fetch_to(struct fetch *f, struct vt_error *err)
{
    VT_AUTO_FREE char *hex = NULL;
    int r;

    if (gnutls_hash_init(&f->hash, GNUTLS_DIG_SHA256) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "GnuTLS cannot make a SHA-256");
    r = download(f, err);
    hex = vt_hash_end(f->hash);
    if (r == 0 && f->checksum && strcasecmp(hex, f->checksum) != 0)
        r = vt_error_set(err, VT_CAUSE_FETCH, -EBADMSG,
                         "the download of %s has sha256:%s, not the one that IMAGE_CHECKSUM gives; "
                         "nothing of it was kept",
                         f->url, hex);
    return r;
}

int vt_image_fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err)
{
    struct fetch f = {
        .url = url, .destination = destination, .cancel_fd = cancel_fd, .progress = progress};
    VT_AUTO_FREE char *part = NULL;
    VT_AUTO_CLOSE int out = -1;
    int r = check_url(url, err);

    if (r == 0)
        r = parse_checksum(checksum, &f.checksum, err);
    if (r < 0)
        return r;
    vt_part_remove_leftovers(destination);
    if (vt_path_exists(destination))
        return 0;
    out = vt_part_open(destination, &part, err);
    if (out < 0)
        return out;
    f.out = out;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        r = fetch_to(&f, err);
        curl_global_cleanup();
    } else {
        r = vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "libcurl does not start");
    }
    if (r == 0)
        r = vt_part_finish(part, destination, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}
