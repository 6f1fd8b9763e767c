/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"

/* A server that sends less than this for so long (seconds) has gone. */
enum { LOW_SPEED_BYTES = 1024, LOW_SPEED_TIME = 60, CONNECT_TIME = 30, MAX_REDIRECTS = 10 };
enum { HASTY_LOW_SPEED_TIME = 10, HASTY_CONNECT_TIME = 5 };

/* A file changed twice within a second has the same time: so long (seconds) must it have rested
 * before its time tells its content. */
enum { LAST_MODIFIED_REST = 60 };

enum {
    HTTP_OK = 200,
    HTTP_PARTIAL = 206,
    HTTP_NOT_MODIFIED = 304,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_GONE = 410,
    HTTP_RANGE = 416,
};

struct run {
    const struct vt_transfer *t;
    char *url; /* for people */
    CURL *curl;
    bool begun;
    bool unchanged;
    int refused; /* what a callback of the caller's returned; then @err is its */
    struct vt_error *err;
    char message[CURL_ERROR_SIZE];
};

static int no_url(const char *url, struct vt_error *err)
{
    VT_AUTO_FREE char *shown = vt_url_public(url);

    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "%s is no address that can be fetched; one begins with https://, "
                        "http:// or file:/// and has no spaces",
                        *shown ? shown : "\"\"");
}

bool vt_transfer_takes(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "file://"};

    for (size_t i = 0; i < VT_ARRAY_SIZE(schemes); i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return true;
    }
    return false;
}

/* --- what the server says --- */

static const char *header(const struct run *run, const char *name)
{
    struct curl_header *found;

    return curl_easy_header(run->curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK
               ? found->value
               : NULL;
}

static const char *validator(const struct run *run)
{
    const char *etag = header(run, "ETag");
    const char *modified = header(run, "Last-Modified");
    const char *date = header(run, "Date");
    time_t then, now;

    if (etag && etag[0] == '"')
        return etag;
    if (!modified || !date)
        return NULL;
    then = curl_getdate(modified, NULL);
    now = curl_getdate(date, NULL);
    return then >= 0 && now >= 0 && now - then >= LAST_MODIFIED_REST ? modified : NULL;
}

/* The digits at *@text, up to @end, which is stepped over. */
static int take_number(const char **text, char end, uint64_t *ret)
{
    size_t len = strspn(*text, "0123456789");
    VT_AUTO_FREE char *digits = vt_strndup(*text, len);

    if (len == 0 || (*text)[len] != end)
        return -EINVAL;
    *text += len + (end ? 1 : 0);
    return vt_parse_u64(digits, INT64_MAX, ret);
}

int vt_transfer_parse_range(const char *text, struct vt_reply *ret)
{
    uint64_t from, to, total = 0;
    bool known;

    if (strncasecmp(text, "bytes ", 6) != 0)
        return -EINVAL;
    text += 6;
    if (take_number(&text, '-', &from) < 0 || take_number(&text, '/', &to) < 0 || to < from)
        return -EINVAL;
    known = !vt_streq(text, "*");
    if (known && (take_number(&text, '\0', &total) < 0 || to + 1 != total))
        return -EINVAL;
    ret->from = from;
    ret->total = total;
    ret->total_known = known;
    return 0;
}

static int read_reply(const struct run *run, struct vt_reply *reply, struct vt_error *err)
{
    const char *range = header(run, "Content-Range");
    curl_off_t len = -1, modified = -1;
    long status = 0;

    (void)curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(run->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
    (void)curl_easy_getinfo(run->curl, CURLINFO_FILETIME_T, &modified);
    *reply = (struct vt_reply){.range = status == HTTP_PARTIAL,
                               .validator = validator(run),
                               .etag = header(run, "ETag"),
                               .modified = modified};
    /* No HTTP, no status: a file. */
    if (status != 0 && status != HTTP_OK && status != HTTP_PARTIAL)
        return vt_error_set(err, VT_CAUSE_FETCH, -EPROTO,
                            "cannot download %s: the server answers with status %ld", run->url,
                            status);
    if (reply->range) {
        if (!range || vt_transfer_parse_range(range, reply) < 0 ||
            (len >= 0 && reply->total_known && reply->total - reply->from != (uint64_t)len))
            return vt_error_set(err, VT_CAUSE_FETCH, -ESTALE,
                                "cannot download %s: the server answers with a range that does not "
                                "fit",
                                run->url);
    } else if (len >= 0) {
        reply->total = (uint64_t)len;
        reply->total_known = true;
    }
    return 0;
}

/* --- libcurl's callbacks --- */

static bool is_conditional(const struct vt_transfer *t)
{
    return t->known_etag || t->known_modified > 0;
}

static int begin(struct run *run)
{
    struct vt_reply reply;
    long status = 0;

    run->begun = true;
    (void)curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    run->unchanged = status == HTTP_NOT_MODIFIED && is_conditional(run->t);
    if (run->unchanged)
        return 0;
    run->refused = read_reply(run, &reply, run->err);
    if (run->refused == 0)
        run->refused = run->t->begin(&reply, run->t->user, run->err);
    return run->refused;
}

static int stopped(const struct run *run)
{
    return vt_error_set(run->err, VT_CAUSE_NONE, -ECANCELED, "stopped while downloading %s",
                        run->url);
}

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct run *run = user;

    if (!run->begun && begin(run) < 0)
        return CURL_WRITEFUNC_ERROR;
    /* A file comes in one go, and perform() waits for all of it. */
    if (vt_is_readable(run->t->cancel_fd)) {
        run->refused = stopped(run);
        return CURL_WRITEFUNC_ERROR;
    }
    run->refused = run->t->data(data, size * count, run->t->user, run->err);
    return run->refused < 0 ? CURL_WRITEFUNC_ERROR : size * count;
}

static int on_progress(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total,
                       curl_off_t up_done)
{
    const struct run *run = user;

    (void)total;
    (void)done;
    (void)up_total;
    (void)up_done;
    if (run->begun && run->t->tick)
        run->t->tick(run->t->user);
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
    {CURLOPT_FILETIME, 1},
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

static bool set_callbacks(CURL *curl, struct run *run)
{
    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, run->message) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, run) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, run) == CURLE_OK;
}

static bool add_header(struct curl_slist **headers, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*headers, text);

    if (longer)
        *headers = longer;
    return longer;
}

/* "NAME: Sun, 22 Nov 2026 00:00:00 GMT" (RFC 9110, 5.6.7), in English whatever the locale; the
 * caller frees it. */
static char *http_date(const char *name, int64_t seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)seconds;
    struct tm tm = {0};

    if (!gmtime_r(&t, &tm))
        return vt_fmt("%s: 0", name);
    return vt_fmt("%s: %s, %02d %s %04d %02d:%02d:%02d GMT", name, days[tm.tm_wday], tm.tm_mday,
                  months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Our own headers, in *@headers, which is the caller's to free after the transfer. */
static CURLcode set_headers(CURL *curl, const struct vt_transfer *t, struct curl_slist **headers)
{
    VT_AUTO_FREE char *range = vt_fmt("%" PRIu64 "-", t->from);
    VT_AUTO_FREE char *condition = vt_fmt("If-Range: %s", t->validator ? t->validator : "");
    VT_AUTO_FREE char *tag = vt_fmt("If-None-Match: %s", t->known_etag ? t->known_etag : "");
    VT_AUTO_FREE char *since = http_date("If-Modified-Since", t->known_modified);
    CURLcode c = CURLE_OK;

    /* The bytes as they lie on the server: they are what a checksum is of, and a range. */
    if (!add_header(headers, "Accept-Encoding: identity"))
        return CURLE_OUT_OF_MEMORY;
    if ((t->known_etag && !add_header(headers, tag)) ||
        (t->known_modified > 0 && !add_header(headers, since)))
        return CURLE_OUT_OF_MEMORY;
    if (t->from > 0) {
        if (!add_header(headers, condition))
            return CURLE_OUT_OF_MEMORY;
        c = curl_easy_setopt(curl, CURLOPT_RANGE, range);
    }
    return c == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers) : c;
}

/* Proxies are libcurl's own affair: it reads http_proxy and its like from the environment. */
static CURLcode set_up(CURL *curl, struct run *run, struct curl_slist **headers)
{
    CURLcode c = curl_easy_setopt(curl, CURLOPT_URL, run->t->url);

    for (size_t i = 0; c == CURLE_OK && i < VT_ARRAY_SIZE(options); i++)
        c = curl_easy_setopt(curl, options[i].option, options[i].value);
    if (c == CURLE_OK && run->t->hasty)
        c = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HASTY_CONNECT_TIME);
    if (c == CURLE_OK && run->t->hasty)
        c = curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)HASTY_LOW_SPEED_TIME);
    for (size_t i = 0; c == CURLE_OK && i < VT_ARRAY_SIZE(texts); i++)
        c = curl_easy_setopt(curl, texts[i].option, texts[i].value);
    if (c == CURLE_OK && !set_callbacks(curl, run))
        c = CURLE_FAILED_INIT;
    return c == CURLE_OK ? set_headers(curl, run->t, headers) : c;
}

/* --- how it ended --- */

/* What a server or a network says that may say something else in a while. */
static bool is_passing(CURLcode code, long status)
{
    static const CURLcode codes[] = {
        CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_COULDNT_RESOLVE_HOST,
        CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,
        CURLE_PARTIAL_FILE,
        CURLE_GOT_NOTHING,
        CURLE_SEND_ERROR,
        CURLE_RECV_ERROR,
        CURLE_SSL_CONNECT_ERROR,
        CURLE_HTTP2,
        CURLE_HTTP2_STREAM,
    };
    static const long statuses[] = {408, 429, 500, 502, 503, 504};

    for (size_t i = 0; i < VT_ARRAY_SIZE(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    for (size_t i = 0; code == CURLE_HTTP_RETURNED_ERROR && i < VT_ARRAY_SIZE(statuses); i++) {
        if (statuses[i] == status)
            return true;
    }
    return false;
}

static bool is_missing(CURLcode code, long status)
{
    /* libcurl says the first of a file that it cannot open, whyever. */
    return code == CURLE_FILE_COULDNT_READ_FILE ||
           (code == CURLE_HTTP_RETURNED_ERROR && (status == HTTP_NOT_FOUND || status == HTTP_GONE));
}

static void tell_end(const struct run *run, CURLcode code, struct vt_transfer_end *ret)
{
    curl_off_t wait = 0;
    long status = 0;

    (void)curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(run->curl, CURLINFO_RETRY_AFTER, &wait);
    ret->passing = is_passing(code, status);
    ret->unresolved = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY;
    ret->missing = is_missing(code, status);
    ret->forbidden = code == CURLE_HTTP_RETURNED_ERROR && status == HTTP_FORBIDDEN;
    ret->range_refused = code == CURLE_HTTP_RETURNED_ERROR && status == HTTP_RANGE;
    ret->retry_after = wait > 0 ? (unsigned)(wait < UINT16_MAX ? wait : UINT16_MAX) : 0;
}

static int failed(const struct run *run, CURLcode code, struct vt_error *err)
{
    const char *why = run->message[0] ? run->message : curl_easy_strerror(code);
    const char *url = run->url;

    if (run->refused < 0)
        return run->refused;
    if (code == CURLE_URL_MALFORMAT)
        return no_url(url, err);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return vt_error_set(err, VT_CAUSE_FETCH, -EIO,
                            "%s is not trusted: %s; check the address and the container's clock",
                            url, why);
    return vt_error_set(err, VT_CAUSE_FETCH, -EIO, "cannot download %s: %s", url, why);
}

/* Run the transfer to its end or the caller's. */
static int perform(CURLM *multi, const struct run *run, CURLcode *ret, struct vt_error *err)
{
    struct curl_waitfd cancel = {.fd = run->t->cancel_fd, .events = CURL_WAIT_POLLIN};
    unsigned cancel_count = run->t->cancel_fd >= 0 ? 1 : 0;
    int running = 1;

    for (;;) {
        CURLMcode m = curl_multi_perform(multi, &running);

        if (m == CURLM_OK && running)
            m = curl_multi_poll(multi, &cancel, cancel_count, 1000, NULL);
        if (m != CURLM_OK)
            return vt_error_set(err, VT_CAUSE_FETCH, -EIO, "cannot download %s: %s", run->url,
                                curl_multi_strerror(m));
        if (cancel.revents)
            return stopped(run);
        if (!running) {
            const CURLMsg *message = curl_multi_info_read(multi, &(int){0});

            *ret = message ? message->data.result : CURLE_FAILED_INIT;
            return 0;
        }
    }
}

static int run_with(CURLM *multi, struct run *run, struct vt_transfer_end *ret)
{
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_FAILED_INIT;
    int r;

    if (multi && run->curl)
        code = set_up(run->curl, run, &headers);
    if (code == CURLE_OK && curl_multi_add_handle(multi, run->curl) == CURLM_OK) {
        r = perform(multi, run, &code, run->err);
        if (r == 0 && code == CURLE_OK && !run->begun)
            r = begin(run);
        if (r == 0 && code != CURLE_OK) {
            tell_end(run, code, ret);
            r = failed(run, code, run->err);
        }
        (void)curl_multi_remove_handle(multi, run->curl);
    } else {
        r = failed(run, code, run->err);
    }
    curl_slist_free_all(headers);
    return r;
}

int vt_transfer_run(const struct vt_transfer *t, struct vt_transfer_end *ret, struct vt_error *err)
{
    struct run run = {.t = t, .err = err};
    CURLM *multi;
    int r;

    *ret = (struct vt_transfer_end){0};
    if (!vt_transfer_takes(t->url))
        return no_url(t->url, err);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "libcurl does not start");
    run.url = vt_url_public(t->url);
    multi = curl_multi_init();
    run.curl = curl_easy_init();
    r = run_with(multi, &run, ret);
    ret->unchanged = r == 0 && run.unchanged;
    curl_easy_cleanup(run.curl);
    (void)curl_multi_cleanup(multi);
    curl_global_cleanup();
    free(run.url);
    return r;
}
