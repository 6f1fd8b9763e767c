/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/fetch.h"

#include <sys/mman.h>

#include "base/base64.h"
#include "base/clock.h"
#include "helpers.h"
#include "image/checksum.h"
#include "image/hash.h"
#include "image/retry_priv.h"
#include "image/signature.h"
#include "image/transfer.h"
#include "pack.h"
#include "server.h"
#include "signed.h"

enum { SIZE = 1000003 };

static uint8_t content[SIZE];
/* The same, packed, and another content, as an address may have had it before. */
static char *packed, *packed_before;
static size_t packed_size, packed_before_size;
static char site[64];

/* What the server tells of itself. */
static struct {
    unsigned requests; /* since forget() */
    unsigned ranges;   /* of them, those for a range */
    char last[4096];
} * told;

static void forget(void)
{
    told->requests = 0;
    told->ranges = 0;
}

/* --- a server with a few bad habits, in a child
 * ---------------------------------------------------------------- */

static bool send_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static void send_text(int fd, const char *text)
{
    (void)send_all(fd, text, strlen(text));
}

static void send_content(int fd, size_t announced, size_t sent)
{
    VT_AUTO_FREE char *head = vt_fmt("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                     "Content-Length: %zu\r\n\r\n",
                                     announced);

    send_text(fd, head);
    (void)send_all(fd, content, sent);
}

/* Nothing more is sent, until the other side has had enough. */
static void wait_closed(int fd)
{
    char byte;

    while (read(fd, &byte, 1) > 0)
        continue;
}

/* The tag of what is sent, how much of it at once, and how it is lied about. */
struct habit {
    const char *path;
    const char *tag;
    const char *next_tag; /* from the second request on; NULL: the same */
    size_t piece;         /* no more than so many bytes a reply; 0: all */
    long start_lie, total_lie, length_lie;
    bool stalls;     /* after a piece nothing comes, but the connection stays */
    bool all_always; /* ranges are not known */
    bool no_range;   /* 416 for every range */
    bool slow;
    bool careless; /* If-Range is not heeded */
    bool random;   /* pieces of any size */
    bool ever;     /* each reply is a piece, and not the first only */
    bool packed;   /* the bytes are the packed ones */
    bool other;    /* the first time, those of another content */
    bool damaged;  /* one bit of them is wrong */
};

static const struct habit habits[] = {
    {.path = "/cut", .tag = "\"v1\"", .piece = 300000, .ever = true},
    {.path = "/by-time", .piece = 300000, .ever = true},
    {.path = "/weak", .tag = "W/\"v1\"", .piece = 600000, .ever = true},
    {.path = "/changed", .tag = "\"v1\"", .next_tag = "\"v2\"", .piece = 700000},
    {.path = "/lie-start", .tag = "\"v1\"", .piece = 700000, .start_lie = 1},
    {.path = "/lie-total", .tag = "\"v1\"", .piece = 700000, .total_lie = 1},
    {.path = "/lie-less", .tag = "\"v1\"", .piece = 700000, .total_lie = -1},
    {.path = "/lie-length", .tag = "\"v1\"", .piece = 700000, .length_lie = -1},
    {.path = "/careless", .tag = "\"v1\"", .next_tag = "\"v2\"", .piece = 700000, .careless = true},
    {.path = "/all-always", .tag = "\"v1\"", .piece = 700000, .all_always = true},
    {.path = "/no-range", .tag = "\"v1\"", .piece = 700000, .no_range = true},
    {.path = "/stall-once", .tag = "\"v1\"", .piece = 400000, .stalls = true},
    {.path = "/slow", .tag = "\"v1\"", .slow = true},
    {.path = "/random", .tag = "\"v1\"", .random = true},
    {.path = "/tagged", .tag = "\"v1\""},
    {.path = "/a.xz", .tag = "\"v1\"", .packed = true},
    {.path = "/cut.xz", .tag = "\"v1\"", .piece = 300000, .ever = true, .packed = true},
    {.path = "/by-piece.xz", .tag = "\"v1\"", .random = true, .packed = true},
    {.path = "/changed.xz",
     .tag = "\"v1\"",
     .next_tag = "\"v2\"",
     .piece = 600000,
     .packed = true,
     .other = true},
    {.path = "/slow.xz", .tag = "\"v1\"", .slow = true, .packed = true},
    {.path = "/stall.xz", .tag = "\"v1\"", .piece = 400000, .stalls = true, .packed = true},
    {.path = "/damaged.xz", .tag = "\"v1\"", .packed = true, .damaged = true},
};

/* Of a line of headers that says what the habit's bytes are. */
static char *validator_of(const struct habit *h, const char **value)
{
    if (!h->tag) {
        *value = "Sat, 21 Nov 2026 00:00:00 GMT";
        return vt_fmt("Last-Modified: %s\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n", *value);
    }
    *value = told->requests > 1 && h->next_tag ? h->next_tag : h->tag;
    return vt_fmt("ETag: %s\r\n", *value);
}

/* What is sent; @ret is its size. */
static const uint8_t *bytes_of(const struct habit *h, size_t *ret)
{
    bool before = h->other && told->requests == 1;

    *ret = !h->packed ? SIZE : before ? packed_before_size : packed_size;
    if (!h->packed)
        return content;
    return (const uint8_t *)(before ? packed_before : packed);
}

static void send_piece(int fd, const struct habit *h, size_t from)
{
    size_t size;
    const uint8_t *bytes = bytes_of(h, &size);
    VT_AUTO_FREE uint8_t *copy = vt_calloc(1, size);
    size_t len = size - from;

    memcpy(copy, bytes, size);
    if (h->damaged)
        copy[size / 4] ^= 1;
    if (h->piece && h->piece < len && (told->requests == 1 || h->ever))
        len = h->piece;
    if (h->random && len > told->requests * 54347 % 200000)
        len = told->requests * 54347 % 200000;
    for (size_t done = 0; h->slow && done < len;) {
        size_t n = len - done < 16384 ? len - done : 16384;

        if (!send_all(fd, copy + from + done, n))
            return;
        done += n;
        (void)usleep(100);
    }
    if (!h->slow)
        (void)send_all(fd, copy + from, len);
    if (h->stalls && told->requests == 1)
        wait_closed(fd);
}

static void send_by_habit(int fd, const struct habit *h, const char *request)
{
    const char *range = strstr(request, "Range: bytes="),
               *condition = strstr(request, "If-Range: ");
    const char *value;
    VT_AUTO_FREE char *validator = validator_of(h, &value), *head = NULL;
    size_t from = range ? strtoul(range + 13, NULL, 10) : 0, size;
    bool holds = h->careless || (condition && vt_startswith(condition + 10, value));

    (void)bytes_of(h, &size);
    told->ranges += range ? 1 : 0;
    if (range && h->no_range) {
        send_text(fd, "HTTP/1.1 416 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (!range || !holds || h->all_always || from >= size) {
        head = vt_fmt("HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
                      validator, size);
        from = 0;
    } else {
        head = vt_fmt("HTTP/1.1 206 Partial Content\r\nConnection: close\r\n%sContent-Range: bytes "
                      "%ld-%ld/%ld\r\nContent-Length: %ld\r\n\r\n",
                      validator, (long)from + h->start_lie, (long)size + h->total_lie - 1,
                      (long)size + h->total_lie,
                      (long)size + h->total_lie - h->start_lie - (long)from + h->length_lie);
    }
    send_text(fd, head);
    send_piece(fd, h, from);
}

static bool answer_by_habit(int fd, const char *path, const char *request)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(habits); i++) {
        if (vt_streq(path, habits[i].path)) {
            send_by_habit(fd, &habits[i], request);
            return true;
        }
    }
    return false;
}

static void send_status(int fd, const char *status, const char *headers)
{
    VT_AUTO_FREE char *text = vt_fmt(
        "HTTP/1.1 %s\r\nConnection: close\r\n%sContent-Length: 4\r\n\r\nnope", status, headers);

    send_text(fd, text);
}

static void send_as_is(int fd, const void *data, size_t len)
{
    VT_AUTO_FREE char *head = vt_fmt("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                     "Content-Length: %zu\r\n\r\n",
                                     len);

    send_text(fd, head);
    (void)send_all(fd, data, len);
}

static void answer(int fd, const char *path, const char *request)
{
    if (answer_by_habit(fd, path, request))
        return;
    if (vt_streq(path, "/ok"))
        send_content(fd, SIZE, SIZE);
    else if (vt_streq(path, "/short"))
        send_content(fd, SIZE, SIZE / 2);
    else if (vt_streq(path, "/long"))
        send_content(fd, SIZE - 3, SIZE);
    else if (vt_streq(path, "/huge"))
        send_content(fd, (size_t)1 << 60, SIZE);
    else if (vt_streq(path, "/redirect"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /ok\r\nContent-Length: "
                      "0\r\n\r\n");
    else if (vt_streq(path, "/loop"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: "
                      "/loop\r\nContent-Length: 0\r\n\r\n");
    else if (vt_streq(path, "/to-file"))
        send_text(fd, "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: file:///etc/passwd\r\n"
                      "Content-Length: 0\r\n\r\n");
    else if (vt_streq(path, "/stall")) {
        send_content(fd, SIZE, 1000);
        wait_closed(fd);
    } else if (vt_streq(path, "/hang-up") && told->requests < 4)
        return;
    else if (vt_streq(path, "/later") && told->requests < 3)
        send_status(fd, "503 Later", told->requests == 2 ? "Retry-After: 20\r\n" : "");
    else if (vt_streq(path, "/later") || vt_streq(path, "/hang-up"))
        send_content(fd, SIZE, SIZE);
    else if (vt_streq(path, "/gone") || vt_streq(path, "/busy") || vt_streq(path, "/secret") ||
             vt_streq(path, "/bucket"))
        send_as_is(fd, signed_sums, strlen(signed_sums));
    else if (vt_streq(path, "/gone.gpg"))
        send_status(fd, "410 Gone", "");
    else if (vt_streq(path, "/gone.sign") || vt_streq(path, "/bucket.sign"))
        send_as_is(fd, signed_detached, sizeof(signed_detached));
    else if (vt_streq(path, "/busy.asc"))
        send_status(fd, "503 Later", "");
    else if (vt_streq(path, "/secret.gpg") || vt_startswith(path, "/bucket."))
        send_status(fd, "403 No", "");
    else if (strspn(path + 1, "0123456789") == 3)
        send_status(fd, path + 1, "");
    else
        send_status(fd, "404 Not Found", "");
}

static void answer_request(int fd, const char *request)
{
    char path[256];

    (void)snprintf(told->last, sizeof(told->last), "%s", request);
    told->requests++;
    if (sscanf(request, "GET %255s", path) == 1)
        answer(fd, path, request);
}

/* The bytes @bytes as an xz file, which the caller frees. */
static char *pack(const uint8_t *bytes, size_t *ret_size)
{
    char *data = NULL;

    assert_int_equal(make_test_dir(NULL), 0);
    put_packed(in_dir("x"), "xz", bytes, SIZE);
    assert_int_equal(vt_file_read(in_dir("x"), (size_t)2 * SIZE, &data, ret_size), 0);
    assert_int_equal(remove_test_dir(NULL), 0);
    return data;
}

static void fill(void)
{
    VT_AUTO_FREE uint8_t *other = vt_calloc(1, SIZE);

    fill_noise(content, SIZE, 7);
    fill_noise(other, SIZE, 8);
    packed = pack(content, &packed_size);
    packed_before = pack(other, &packed_before_size);
}

static int start_server(void **state)
{
    unsigned port;

    (void)state;
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return -1;
    fill();
    vt_retry_second = 10;
    port = start_serving(answer_request);
    (void)snprintf(site, sizeof(site), "http://127.0.0.1:%u", port);
    return port > 0 ? 0 : -1;
}

static int stop_server_and_free(void **state)
{
    free(packed);
    free(packed_before);
    return stop_server(state);
}

/* --- the tests
 * -------------------------------------------------------------------------------------------------
 */

static int get(const char *path, const char *checksum, int cancel_fd,
               const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_FREE char *url = vt_fmt("%s%s", site, path);

    forget();
    return vt_image_fetch(url, in_dir("out"), checksum, cancel_fd, progress, err);
}

static void assert_content(void)
{
    VT_AUTO_FREE char *got = NULL;
    struct stat st;
    size_t len;

    assert_int_equal(vt_file_read(in_dir("out"), SIZE, &got, &len), 0);
    assert_int_equal(len, SIZE);
    assert_memory_equal(got, content, SIZE);
    assert_int_equal(stat(in_dir("out"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(count_files(dir), 1);
}

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    assert_string_equal(what, "downloading");
    assert_true(total == 0 || total == SIZE);
    *(uint64_t *)data = done;
}

static void test_http(void **state)
{
    static const char *const paths[] = {"/ok", "/redirect"};

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(paths); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        uint64_t done = 0;
        struct vt_progress progress = {on_step, &done, NULL};

        assert_ok(get(paths[i], NULL, -1, &progress, &err), &err);
        assert_int_equal(done, SIZE);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

static void test_file(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *url = NULL;

    (void)state;
    put_file(in_dir("in"), content, SIZE);
    url = vt_fmt("file://%s", in_dir("in"));
    assert_ok(vt_image_fetch(url, in_dir("out"), NULL, -1, NULL, &err), &err);
    assert_int_equal(unlink(in_dir("in")), 0);
    assert_content();
    /* It is there, so that nothing is asked for. */
    assert_ok(vt_image_fetch(url, in_dir("out"), NULL, -1, NULL, &err), &err);
    assert_content();
}

static void test_checksum(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *said = NULL;
    const char *wrong = "sha256:00000000000000000000000000000000000000000000000000000000000000FF";

    (void)state;
    assert_int_equal(get("/ok", wrong, -1, NULL, &err), -EBADMSG);
    assert_int_equal(count_files(dir), 0);
    /* The message tells the right one. */
    said = vt_strndup(strstr(err.msg, "sha256:"), strlen(wrong));
    ASSERT_FAILED(-1, err, VT_CAUSE_FETCH, "/ok has sha256:", "nothing of it was kept");
    for (char *c = said + 7; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    assert_ok(get("/ok", said, -1, NULL, &err), &err);
    assert_content();
    assert_int_equal(unlink(in_dir("out")), 0);
    ASSERT_FAILED(get("/ok", "md5:00", -1, NULL, &err), err, VT_CAUSE_USAGE,
                  "IMAGE_CHECKSUM=md5:00");
    ASSERT_FAILED(get("/ok", "sha256:0", -1, NULL, &err), err, VT_CAUSE_USAGE, "64");
    assert_int_equal(count_files(dir), 0);
}

static void test_errors(void **state)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"/none", "404"},
        {"/short", ""},
        {"/loop", "redirect"},
        {"/to-file", "Protocol \"file\" "}}; /* "not supported", or "disabled", by version */

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        ASSERT_FAILED(get(cases[i].path, NULL, -1, NULL, &err), err, VT_CAUSE_FETCH, cases[i].path,
                      cases[i].text);
        assert_int_equal(count_files(dir), 0);
    }
}

static void test_bad_urls(void **state)
{
    static const struct {
        const char *url;
        enum vt_cause cause;
    } cases[] = {
        {"http://127.0.0.1:1/a", VT_CAUSE_FETCH},
        {"file:///nowhere/at/all", VT_CAUSE_FETCH},
        {"http://no-such-host.invalid/a", VT_CAUSE_FETCH},
        {"ftp://127.0.0.1/a", VT_CAUSE_USAGE},
        {"gopher://127.0.0.1/a", VT_CAUSE_USAGE},
        {"http://", VT_CAUSE_USAGE},
        {"", VT_CAUSE_USAGE},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        ASSERT_FAILED(vt_image_fetch(cases[i].url, in_dir("out"), NULL, -1, NULL, &err), err,
                      cases[i].cause, cases[i].url);
        assert_int_equal(count_files(dir), 0);
    }
}

static void test_full(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(vt_image_fetch("file:///dev/null", in_dir("none/out"), NULL, -1, NULL, &err), err,
                  VT_CAUSE_DATA_DIR, in_dir("none/out"));
}

/* --- another try --- */

/* What lets a person in is in no message, whatever fails. */
static void test_secrets(void **state)
{
    static const char *const urls[] = {
        "http://me:secret@127.0.0.1:1/a?key=secret", "ftp://me:secret@127.0.0.1/a",
        "http://me:secret@no-such-host.invalid/a",   "file:///nowhere?key=secret",
        "http://me:secret@127.0.0.1:bad/a",
    };

    (void)state;
    for (size_t i = 0; i < 2 * VT_ARRAY_SIZE(urls); i++) {
        const char *url = urls[i / 2];
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        bool sums = i % 2;
        int r = vt_image_fetch(sums ? "http://127.0.0.1:1/a" : url, in_dir("out"),
                               sums ? url : NULL, -1, NULL, &err);

        assert_true(r < 0);
        print_message("%s\n", err.msg);
        assert_null(strstr(err.msg, "secret"));
    }
}

/* A name that cannot be resolved may be mistyped. */
static void test_unresolved(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(
        vt_image_fetch("http://no-such-host.invalid/a", in_dir("out"), NULL, -1, NULL, &err), err,
        VT_CAUSE_FETCH, "no-such-host.invalid", "(tried 3 times)");
}

static void count_notice(const char *text, void *data)
{
    if (getenv("VT_SHOW_ERRORS"))
        (void)fprintf(stderr, "    %s\n", text);
    (*(unsigned *)data)++;
}

static void test_retry(void **state)
{
    static const struct {
        const char *path;
        unsigned requests, ms;
    } cases[] = {
        {"/later", 3, 210}, /* with Retry-After: 20 once */
        {"/hang-up", 4, 70},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        unsigned notices = 0;
        struct vt_progress progress = {.data = &notices, .notice = count_notice};
        int64_t begin = vt_now_ms();

        assert_ok(get(cases[i].path, NULL, -1, &progress, &err), &err);
        assert_int_equal(told->requests, cases[i].requests);
        assert_int_equal(notices, cases[i].requests - 1);
        assert_in_range(vt_now_ms() - begin, cases[i].ms, cases[i].ms + 1000);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

static void test_tries(void **state)
{
    static const struct {
        const char *path, *text;
        unsigned requests;
    } cases[] = {
        {"/408", "408", 5},
        {"/429", "429", 5},
        {"/500", "500", 5},
        {"/502", "502", 5},
        {"/503", "503 (tried 5 times)", 5},
        {"/504", "504", 5},
        {"/404", "404", 1},
        {"/403", "403", 1},
        {"/410", "410", 1},
        {"/short", "", 5},
        {"/204", "204", 1},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        ASSERT_FAILED(get(cases[i].path, NULL, -1, NULL, &err), err, VT_CAUSE_FETCH, cases[i].path,
                      cases[i].text);
        assert_int_equal(told->requests, cases[i].requests);
        assert_int_equal(count_files(dir), 0);
    }
}

/* What was not promised is of the next reply, if of anything. */
static void test_long(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct stat st;

    (void)state;
    assert_ok(get("/long", NULL, -1, NULL, &err), &err);
    assert_int_equal(stat(in_dir("out"), &st), 0);
    assert_int_equal(st.st_size, SIZE - 3);
}

/* A process that makes the end of a pipe @fd readable after @ms. */
static pid_t write_after(unsigned ms, int fd)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)usleep(ms * 1000);
        _exit(write(fd, "x", 1) == 1 ? 0 : 1);
    }
    return pid;
}

/* A stop comes 50 ms into a pause of some seconds. */
static void test_cancel_pause(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fds[2], r;
    int64_t begin;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = write_after(50, fds[1]);
    vt_retry_second = 5000;
    begin = vt_now_ms();
    r = get("/503", NULL, fds[0], NULL, &err);
    vt_retry_second = 10;
    assert_int_equal(r, -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    assert_true(vt_now_ms() - begin < 1000);
    assert_int_equal(count_files(dir), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* --- going on --- */

static void test_pieces(void **state)
{
    static const struct {
        const char *path;
        unsigned requests, ranges;
    } cases[] = {
        {"/cut", 4, 3},       {"/by-time", 4, 3},  {"/changed", 2, 1},    {"/lie-start", 3, 1},
        {"/lie-total", 3, 1}, {"/lie-less", 3, 1}, {"/lie-length", 3, 1}, {"/all-always", 2, 1},
        {"/careless", 3, 1},  {"/no-range", 3, 1},
    };
    VT_AUTO_FREE char *digest = vt_hash_text(content, SIZE);
    VT_AUTO_FREE char *checksum = vt_fmt("sha256:%s", digest);

    (void)state;
    for (size_t i = 0; i < 2 * VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        print_message("%s\n", cases[i / 2].path);
        assert_ok(get(cases[i / 2].path, i % 2 ? checksum : NULL, -1, NULL, &err), &err);
        assert_int_equal(told->requests, cases[i / 2].requests);
        assert_int_equal(told->ranges, cases[i / 2].ranges);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

/* Wherever it breaks off, and however often: as long as something comes, it goes on. */
static void test_random_pieces(void **state)
{
    VT_AUTO_FREE char *digest = vt_hash_text(content, SIZE);
    VT_AUTO_FREE char *checksum = vt_fmt("sha256:%s", digest);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    assert_ok(get("/random", checksum, -1, NULL, &err), &err);
    assert_true(told->requests > 6);
    assert_int_equal(told->ranges, told->requests - 1);
    assert_content();
}

static void test_parse_range(void **state)
{
    static const struct {
        const char *text;
        uint64_t from, total;
        bool good, known;
    } cases[] = {
        {"bytes 5-9/10", 5, 10, true, true},
        {"Bytes 0-0/1", 0, 1, true, true},
        {"bytes 5-9/*", 5, 0, true, false},
        {"bytes 5-8/10", 0, 0, false, false}, /* not to the end */
        {"bytes 5-10/10", 0, 0, false, false},
        {"bytes 9-5/6", 0, 0, false, false},
        {"bytes */10", 0, 0, false, false},
        {"bytes 5-9", 0, 0, false, false},
        {"bytes 5-9/", 0, 0, false, false},
        {"bytes 5-9/10x", 0, 0, false, false},
        {"bytes -5-9/10", 0, 0, false, false},
        {"bytes 99999999999999999999-9/10", 0, 0, false, false},
        {"bytes 0-18446744073709551615/0", 0, 0, false, false},
        {"lines 5-9/10", 0, 0, false, false},
        {"", 0, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        struct vt_reply reply = {0};
        int r = vt_transfer_parse_range(cases[i].text, &reply);

        print_message("%s\n", cases[i].text);
        assert_int_equal(r, cases[i].good ? 0 : -EINVAL);
        assert_int_equal(reply.from, cases[i].from);
        assert_int_equal(reply.total, cases[i].total);
        assert_int_equal(reply.total_known, cases[i].known);
    }
}

/* A weak tag is of other bytes too: nothing is gone on with, and nothing comes farther. */
static void test_weak(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    ASSERT_FAILED(get("/weak", NULL, -1, NULL, &err), err, VT_CAUSE_FETCH, "tried 5 times");
    assert_int_equal(told->requests, 5);
    assert_int_equal(told->ranges, 0);
    assert_int_equal(count_files(dir), 0);
}

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* Fetch @path in a child, which is killed when it has some bytes and no more come. */
static void begin_and_kill(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        (void)get(path, NULL, -1, NULL, &err);
        _exit(0);
    }
    for (int i = 0; i < 500 && size_of(in_dir("out.partial")) < 400000; i++)
        (void)usleep(10000);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(size_of(in_dir("out.partial")), 400000);
    assert_true(size_of(in_dir("out.partial.json")) > 0);
}

/* As get(), but the server's habit of the first request is over. */
static int get_on(const char *path, const char *checksum, struct vt_error *err)
{
    VT_AUTO_FREE char *url = vt_fmt("%s%s", site, path);

    forget();
    told->requests = 1;
    return vt_image_fetch(url, in_dir("out"), checksum, -1, NULL, err);
}

static void replace_in_record(const char *old, const char *new)
{
    VT_AUTO_FREE char *text = NULL, *changed = NULL;
    char *at;

    assert_int_equal(vt_file_read(in_dir("out.partial.json"), 4096, &text, NULL), 0);
    at = strstr(text, old);
    assert_non_null(at);
    *at = '\0';
    changed = vt_fmt("%s%s%s", text, new, at + strlen(old));
    put_text(in_dir("out.partial.json"), changed);
}

static void test_go_on_after_kill(void **state)
{
    /* What happens meanwhile, and whether it is gone on with. */
    static const struct {
        const char *old, *new;
        bool with_checksum, ranged;
    } cases[] = {
        {"\"v1\\\"\"", "\"v1\\\"\"", false, true},
        {"\"v1\\\"\"", "\"v1\\\"\"", true, true},
        {"\"v1\\\"\"", "\"v0\\\"\"", false, true}, /* If-Range does not hold */
        {"boot_id\":\"", "boot_id\":\"0", false, false},
        {"boot_id\":\"", "boot_id\":\"0", true, true},
        {"url_digest\":\"", "url_digest\":\"0", false, false},
        {"\"version\":1", "\"version\":2", false, false},
        {"1000003", "3", false, false},
        {"\"validator\"", "\"nothing\"", false, false},
        {"{", "", false, false},
    };
    VT_AUTO_FREE char *digest = vt_hash_text(content, SIZE);
    VT_AUTO_FREE char *checksum = vt_fmt("sha256:%s", digest);

    (void)state;
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        print_message("%zu\n", i);
        begin_and_kill("/stall-once");
        replace_in_record(cases[i].old, cases[i].new);
        assert_ok(get_on("/stall-once", cases[i].with_checksum ? checksum : NULL, &err), &err);
        assert_int_equal(told->ranges, cases[i].ranged);
        assert_int_equal(told->requests, 2);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

/* An address may hold a password. */
static void test_record_has_no_url(void **state)
{
    VT_AUTO_FREE char *text = NULL;

    (void)state;
    begin_and_kill("/stall-once");
    assert_int_equal(vt_file_read(in_dir("out.partial.json"), 4096, &text, NULL), 0);
    assert_non_null(strstr(text, "validator"));
    assert_null(strstr(text, "stall-once"));
}

/* A stop leaves what can be gone on with, and so does a server that is gone. */
static void test_go_on_after_stop(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fds[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = write_after(200, fds[1]);
    assert_int_equal(get("/stall-once", NULL, fds[0], NULL, &err), -ECANCELED);
    vt_error_done(&err);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(count_files(dir), 2);
    assert_ok(get_on("/stall-once", NULL, &err), &err);
    assert_int_equal(told->ranges, 1);
    assert_content();
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* Bytes that a power cut has torn: the checksum tells, and all is got anew, once. */
static void test_torn(void **state)
{
    VT_AUTO_FREE char *digest = vt_hash_text(content, SIZE);
    VT_AUTO_FREE char *checksum = vt_fmt("sha256:%s", digest);
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    begin_and_kill("/stall-once");
    put_at(in_dir("out.partial"), "torn", 4, 100000);
    assert_ok(get_on("/stall-once", checksum, &err), &err);
    assert_int_equal(told->requests, 3);
    assert_content();
    assert_int_equal(unlink(in_dir("out")), 0);

    checksum[strlen("sha256:")] ^= 1;
    begin_and_kill("/stall-once");
    assert_int_equal(get_on("/stall-once", checksum, &err), -EBADMSG);
    assert_int_equal(told->requests, 3);
    assert_int_equal(count_files(dir), 0);
}

/* Killed after the last byte: nothing more is asked for. */
static void test_all_there(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    begin_and_kill("/stall-once");
    put_file(in_dir("out.partial"), content, SIZE);
    assert_ok(get_on("/stall-once", NULL, &err), &err);
    assert_int_equal(told->requests, 1);
    assert_content();
}

/* --- what is packed --- */

static char *packed_checksum(void)
{
    VT_AUTO_FREE char *digest = vt_hash_text(packed, packed_size);

    return vt_fmt("sha256:%s", digest);
}

/* However it arrives, the image is what was packed, and nothing else stays. */
static void test_packed(void **state)
{
    static const struct {
        const char *path;
        unsigned requests;
    } cases[] = {{"/a.xz", 1}, {"/cut.xz", 4}, {"/by-piece.xz", 0}, {"/changed.xz", 2}};
    VT_AUTO_FREE char *checksum = packed_checksum();

    (void)state;
    for (size_t i = 0; i < 2 * VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        print_message("%s\n", cases[i / 2].path);
        assert_ok(get(cases[i / 2].path, i % 2 ? checksum : NULL, -1, NULL, &err), &err);
        if (cases[i / 2].requests)
            assert_int_equal(told->requests, cases[i / 2].requests);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

/* The size of what is being unpacked, -1 if nothing is. */
static off_t unpacked_so_far(void)
{
    VT_AUTO_CLOSEDIR DIR *stream = opendir(dir);
    const struct dirent *entry;

    while ((entry = readdir(stream))) {
        if (vt_startswith(entry->d_name, "out.part-"))
            return size_of(in_dir("%s", entry->d_name));
    }
    return -1;
}

/* It is unpacked while it arrives; and what is killed then is gone on with. */
static void test_packed_as_it_arrives(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(get("/stall.xz", NULL, -1, NULL, &err) < 0);
    for (int i = 0; i < 500 && unpacked_so_far() < 350000; i++)
        (void)usleep(10000);
    assert_true(unpacked_so_far() >= 350000);
    assert_int_equal(size_of(in_dir("out.partial")), 400000);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_ok(get_on("/stall.xz", NULL, &err), &err);
    assert_int_equal(told->ranges, 1);
    assert_content();
}

/* What was there is damaged: all is got anew, once, with a checksum and without. */
static void test_packed_torn(void **state)
{
    VT_AUTO_FREE char *checksum = packed_checksum();

    (void)state;
    for (int i = 0; i < 2; i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        begin_and_kill("/stall.xz");
        put_at(in_dir("out.partial"), "torn", 4, 100000);
        assert_ok(get_on("/stall.xz", i ? checksum : NULL, &err), &err);
        assert_int_equal(told->requests, 3);
        assert_content();
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

/* Of damaged bytes nothing stays. A checksum that does not fit is told before they are. */
static void test_packed_damaged(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *right = packed_checksum(), *wrong = NULL;

    (void)state;
    ASSERT_FAILED(get("/damaged.xz", NULL, -1, NULL, &err), err, VT_CAUSE_BAD_IMAGE, site,
                  "/damaged.xz is damaged");
    assert_int_equal(count_files(dir), 0);
    assert_int_equal(get("/damaged.xz", right, -1, NULL, &err), -EBADMSG);
    ASSERT_FAILED(-1, err, VT_CAUSE_FETCH, "not the one");
    assert_int_equal(count_files(dir), 0);
    /* Whole, and not what it must be. */
    right[strlen("sha256:")] ^= 1;
    ASSERT_FAILED(get("/a.xz", right, -1, NULL, &err), err, VT_CAUSE_FETCH, "not the one");
    assert_int_equal(count_files(dir), 0);
    /* The file that was published is damaged. */
    packed[packed_size / 4] ^= 1;
    wrong = packed_checksum();
    packed[packed_size / 4] ^= 1;
    ASSERT_FAILED(get("/damaged.xz", wrong, -1, NULL, &err), err, VT_CAUSE_BAD_IMAGE,
                  "/damaged.xz is damaged");
    assert_int_equal(told->requests, 1);
    assert_int_equal(count_files(dir), 0);
}

/* Whenever it is killed: the right bytes, or nothing under the name; and it comes to an end. */
static void kill_at_any_time(const char *path)
{
    unsigned seed = 1, kills = 0, ends = 0, ranges = 0;

    while (kills < 100 || ends == 0) {
        pid_t pid = fork();

        if (pid == 0) {
            VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

            _exit(get(path, NULL, -1, NULL, &err) < 0);
        }
        assert_true(pid > 0);
        (void)usleep((unsigned)rand_r(&seed) % 20000);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        kills++;
        ranges += told->ranges;
        if (vt_path_exists(in_dir("out"))) {
            VT_AUTO_FREE char *got = NULL;
            size_t len;

            assert_int_equal(vt_file_read(in_dir("out"), SIZE, &got, &len), 0);
            assert_int_equal(len, SIZE);
            assert_memory_equal(got, content, SIZE);
            assert_int_equal(unlink(in_dir("out")), 0);
            ends++;
        }
        assert_true(kills < 10000);
    }
    print_message("%u kills, %u ends, %u ranges\n", kills, ends, ranges);
    assert_true(ranges > 0);
}

static void test_kill_at_any_time(void **state)
{
    (void)state;
    kill_at_any_time("/slow");
}

static void test_kill_while_unpacking(void **state)
{
    (void)state;
    kill_at_any_time("/slow.xz");
}

/* --- files of checksums --- */

static char *hex_512(void)
{
    uint8_t digest[64];

    assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA512, content, SIZE, digest), 0);
    return vt_hash_hex(digest, sizeof(digest));
}

static void test_sha512(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *hex = hex_512();
    VT_AUTO_FREE char *checksum = vt_fmt("sha512:%s", hex);

    (void)state;
    assert_ok(get("/ok", checksum, -1, NULL, &err), &err);
    assert_content();
    assert_int_equal(unlink(in_dir("out")), 0);
    checksum[strlen("sha512:")] ^= 1;
    ASSERT_FAILED(get("/ok", checksum, -1, NULL, &err), err, VT_CAUSE_FETCH, hex, checksum);
    assert_int_equal(count_files(dir), 0);
}

static void test_sums(void **state)
{
    VT_AUTO_FREE char *hex = vt_hash_text(content, SIZE), *long_hex = hex_512();
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("sums/CHECKSUM"));
    const struct {
        char *text;
        const char *fails; /* or NULL */
    } cases[] = {
        {vt_fmt("%s  other\n%s *ok\n", long_hex, hex), NULL},
        {vt_fmt("%s  ok\n", long_hex), NULL},
        {vt_fmt("# ok\nSHA512 (ok) = %s\n", long_hex), NULL},
        {vt_fmt("%s\n", hex), NULL},
        {vt_fmt("%s  other\n", hex), "no SHA-256 or SHA-512 checksum of ok"},
        {vt_fmt("%s  ok\n%.63s0  ok\n", hex, hex), "two different checksums of ok"},
        {vt_fmt("%.63s0  ok\n", hex), "not the one"},
        {vt_fmt("%*s", VT_CHECKSUMS_MAX + 1, ""), "larger than 1 MiB"},
    };

    (void)state;
    assert_int_equal(mkdir(in_dir("sums"), 0755), 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        VT_AUTO_FREE char *text = cases[i].text;
        int r;

        put_text(in_dir("sums/CHECKSUM"), text);
        r = get("/ok", url, -1, NULL, &err);
        assert_int_equal(unlink(in_dir("sums/CHECKSUM")), 0);
        if (cases[i].fails) {
            ASSERT_FAILED(r, err, VT_CAUSE_FETCH, cases[i].fails);
            assert_int_equal(count_files(dir), 0);
            continue;
        }
        assert_ok(r, &err);
        assert_content();
        /* It is there, so that the file of checksums is not asked for. */
        assert_ok(get("/ok", url, -1, NULL, &err), &err);
        assert_int_equal(told->requests, 0);
        assert_int_equal(unlink(in_dir("out")), 0);
    }
}

/* A file of the image's own may call it by another name. */
static void test_own_sums(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *hex = vt_hash_text(content, SIZE);
    VT_AUTO_FREE char *text = vt_fmt("%s  ok-20261122\n", hex);
    VT_AUTO_FREE char *own = vt_fmt("file://%s", in_dir("ok.sha256"));
    VT_AUTO_FREE char *other = vt_fmt("file://%s", in_dir("okay.sha256"));

    (void)state;
    put_text(in_dir("ok.sha256"), text);
    put_text(in_dir("okay.sha256"), text);
    ASSERT_FAILED(get("/ok", other, -1, NULL, &err), err, VT_CAUSE_FETCH, "checksum of ok;");
    assert_ok(get("/ok", own, -1, NULL, &err), &err);
}

/* --- their signatures --- */

/* Fetch @url, whose file of checksums @sums must be signed by @signature (NULL: wherever it is). */
static int get_verified(const char *url, const char *sums, const char *signature,
                        const char *destination, struct vt_error *err)
{
    struct vt_wish wish = {
        .text = sums,
        .url = url,
        .keyring = in_dir("keys"),
        .signature = signature,
        .cancel_fd = -1,
    };

    return vt_image_fetch_as(&wish, destination, err);
}

static int get_signed(struct vt_error *err)
{
    VT_AUTO_FREE char *url = vt_fmt("%s/ok", site);
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SUMS"));

    return get_verified(url, sums, NULL, in_dir("out"), err);
}

static void assert_signed(const char *fails)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int r = get_signed(&err);

    if (fails) {
        ASSERT_FAILED(r, err, VT_CAUSE_FETCH, fails);
        assert_false(vt_path_exists(in_dir("out")));
        assert_false(vt_path_exists(in_dir("out.partial")));
        return;
    }
    assert_ok(r, &err);
    assert_int_equal(unlink(in_dir("out")), 0);
}

static void test_signature_beside(void **state)
{
    static const char *const suffixes[] = {"gpg", "asc", "sign"};
    VT_AUTO_FREE char *changed = vt_fmt("%s\n", signed_sums);

    (void)state;
    put_file(in_dir("keys"), signer, sizeof(signer));
    put_text(in_dir("SUMS"), signed_sums);
    assert_signed("there is no signature");
    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        const char *path = in_dir("SUMS.%s", suffixes[i]);

        put_file(path, signed_detached, sizeof(signed_detached));
        assert_signed(NULL);
        assert_int_equal(unlink(path), 0);
    }
    /* One of several is enough; another's alone is not. */
    put_file(in_dir("SUMS.gpg"), signed_by_both, sizeof(signed_by_both));
    assert_signed(NULL);
    put_file(in_dir("SUMS.gpg"), signed_detached, sizeof(signed_detached));
    put_file(in_dir("keys"), other_signer, sizeof(other_signer));
    assert_signed("not by a key in IMAGE_KEYRING");
    put_file(in_dir("keys"), signer, sizeof(signer));
    put_text(in_dir("SUMS"), changed);
    assert_signed("it is wrong");
    put_text(in_dir("SUMS"), signed_sums);
    put_text(in_dir("SUMS.gpg"), "rubbish");
    assert_signed("not by a key in IMAGE_KEYRING");
}

/* That there is none, 404 and 410 say; what cannot be fetched now may be there. Where files are
 * kept in buckets, 403 may say both. */
static void test_signature_unreachable(void **state)
{
    VT_AUTO_FREE char *url = vt_fmt("%s/ok", site);
    static const struct {
        const char *sums, *fails; /* or NULL */
    } cases[] = {
        {"/gone", NULL},
        {"/bucket", NULL},
        {"/busy", "error: 503 (tried 5 times)"},
        {"/secret", "error: 403"},
    };

    (void)state;
    put_file(in_dir("keys"), signer, sizeof(signer));
    for (size_t i = 0; i < VT_ARRAY_SIZE(cases); i++) {
        VT_AUTO_FREE char *sums = vt_fmt("%s%s", site, cases[i].sums);
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
        int r = get_verified(url, sums, NULL, in_dir("out"), &err);

        if (!cases[i].fails) {
            assert_ok(r, &err);
            assert_int_equal(unlink(in_dir("out")), 0);
            continue;
        }
        /* It is not forged. */
        assert_int_not_equal(r, -EBADMSG);
        ASSERT_FAILED(r, err, VT_CAUSE_FETCH, cases[i].fails, cases[i].sums);
    }
}

/* What stands around what is signed does not count. */
static void test_signature_inline(void **state)
{
    VT_AUTO_FREE char *wrapped = vt_fmt("%064d  ok\n%s", 0, signed_inline);
    VT_AUTO_FREE char *changed = vt_strdup(signed_inline);

    (void)state;
    put_file(in_dir("keys"), signer, sizeof(signer));
    put_text(in_dir("SUMS"), signed_inline);
    assert_signed(NULL);
    put_text(in_dir("SUMS"), wrapped);
    assert_signed(NULL);
    *strstr(changed, "  ok") ^= 1;
    put_text(in_dir("SUMS"), changed);
    assert_signed("it is wrong");
    put_file(in_dir("keys"), other_signer, sizeof(other_signer));
    put_text(in_dir("SUMS"), signed_inline);
    assert_signed("not by a key in IMAGE_KEYRING");
}

/* Under a name that nobody would guess; what is beside the file or in it does not count then. */
static void test_signature_elsewhere(void **state)
{
    VT_AUTO_FREE char *url = vt_fmt("%s/ok", site);
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SUMS"));
    VT_AUTO_FREE char *signature = vt_fmt("file://%s", in_dir("release.sig"));
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    put_file(in_dir("keys"), signer, sizeof(signer));
    put_text(in_dir("SUMS"), signed_sums);
    put_file(in_dir("SUMS.gpg"), signed_detached, sizeof(signed_detached));
    ASSERT_FAILED(get_verified(url, sums, signature, in_dir("out"), &err), err, VT_CAUSE_FETCH,
                  "the signature of IMAGE_CHECKSUM=", "is not there: ", signature);
    put_text(in_dir("release.sig"), "rubbish");
    ASSERT_FAILED(get_verified(url, sums, signature, in_dir("out"), &err), err, VT_CAUSE_FETCH,
                  "not by a key in IMAGE_KEYRING");
    assert_int_equal(rename(in_dir("SUMS.gpg"), in_dir("release.sig")), 0);
    assert_ok(get_verified(url, sums, signature, in_dir("out"), &err), &err);
    assert_int_equal(unlink(in_dir("out")), 0);
    put_text(in_dir("SUMS"), signed_inline);
    ASSERT_FAILED(get_verified(url, sums, signature, in_dir("out"), &err), err, VT_CAUSE_FETCH,
                  "it is wrong");
}

/* Of which image a checksum is, is signed too. */
static void test_signed_name(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *url = vt_fmt("%s/redirect", site);
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("redirect.sha256"));

    (void)state;
    put_file(in_dir("keys"), signer, sizeof(signer));
    put_text(in_dir("redirect.sha256"), signed_inline);
    assert_ok(vt_image_fetch(url, in_dir("out"), sums, -1, NULL, &err), &err);
    ASSERT_FAILED(get_verified(url, sums, NULL, in_dir("signed"), &err), err, VT_CAUSE_FETCH,
                  "no SHA-256 or SHA-512 checksum of redirect");
}

static void test_keyring(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *plain = vt_image_fetch_name("https://a/b", "https://a/SUMS", NULL);
    VT_AUTO_FREE char *with = vt_image_fetch_name("https://a/b", "https://a/SUMS", "/keys");

    (void)state;
    put_text(in_dir("SUMS"), signed_inline);
    ASSERT_FAILED(get_signed(&err), err, VT_CAUSE_USAGE, "cannot read IMAGE_KEYRING=");
    put_text(in_dir("keys"), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    ASSERT_FAILED(get_signed(&err), err, VT_CAUSE_USAGE, "armored, and damaged");
    put_text(in_dir("keys"), "rubbish");
    assert_signed("not by a key in IMAGE_KEYRING");
    /* What was fetched without one is not taken for verified. */
    assert_string_not_equal(plain, with);
}

/* "-----BEGIN …" and lines of 64 digits around the binary keys, as gpg --armor writes them; the
 * caller frees it. */
static char *armored(const unsigned char *keys, size_t len)
{
    struct vt_buf text = VT_BUF_INIT(2 * len + 1000);
    VT_AUTO_FREE char *digits = vt_base64_encode(keys, len);

    vt_buf_adds(&text, "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: of a test\n\n");
    for (size_t at = 0; at < strlen(digits); at += 64)
        vt_buf_addf(&text, "%.64s\n", digits + at);
    vt_buf_adds(&text, "=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n");
    return vt_buf_take(&text);
}

/* As text, and another's text before it; which is the same keyring as without. */
static void test_armored_keyring(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *ours = armored(signer, sizeof(signer)), *with = NULL, *without = NULL;
    VT_AUTO_FREE char *other = armored(other_signer, sizeof(other_signer));
    VT_AUTO_FREE char *both = vt_fmt("Our keys\n\n%s\n%s", other, ours);

    (void)state;
    put_text(in_dir("SUMS"), signed_inline);
    put_text(in_dir("keys"), other);
    assert_signed("not by a key in IMAGE_KEYRING");
    put_text(in_dir("keys"), both);
    assert_signed(NULL);
    put_text(in_dir("keys"), ours);
    assert_signed(NULL);
    assert_ok(vt_keyring_digest(in_dir("keys"), &with, &err), &err);
    put_file(in_dir("keys"), signer, sizeof(signer));
    assert_ok(vt_keyring_digest(in_dir("keys"), &without, &err), &err);
    assert_string_equal(with, without);
    ours[strlen(ours) / 2] = '!';
    put_text(in_dir("keys"), ours);
    ASSERT_FAILED(get_signed(&err), err, VT_CAUSE_USAGE, "armored, and damaged");
}

/* The server's is got like the image, with tries; that it is not there is said of it. */
static void test_sums_from_server(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *missing = vt_fmt("%s/404", site), *broken = vt_fmt("%s/503", site);
    VT_AUTO_FREE char *noise = vt_fmt("%s/later", site);

    (void)state;
    ASSERT_FAILED(get("/ok", missing, -1, NULL, &err), err, VT_CAUSE_FETCH, missing);
    assert_int_equal(told->requests, 1);
    ASSERT_FAILED(get("/ok", broken, -1, NULL, &err), err, VT_CAUSE_FETCH, broken, "5 times");
    assert_int_equal(told->requests, 5);
    ASSERT_FAILED(get("/ok", noise, -1, NULL, &err), err, VT_CAUSE_FETCH, noise, "no SHA-256");
    assert_int_equal(told->requests, 3);
    assert_int_equal(count_files(dir), 0);
}

static void test_room(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

    (void)state;
    /* It would take room that is needed. */
    put_text(in_dir("out.part-abcdef"), "unpacked by a run that was killed");
    ASSERT_FAILED(get("/huge", NULL, -1, NULL, &err), err, VT_CAUSE_DATA_FULL, "1048576 TiB",
                  "free", in_dir("out"));
    assert_int_equal(told->requests, 1);
    assert_int_equal(count_files(dir), 0);
}

/* A stop arrives 200 ms into a download whose server sends no more. */
static void test_cancel(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    int fds[2], r;
    int64_t begin = vt_now_ms();
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = write_after(200, fds[1]);
    r = get("/stall", NULL, fds[0], NULL, &err);
    assert_int_equal(r, -ECANCELED);
    assert_int_equal(err.cause, VT_CAUSE_NONE);
    assert_true(vt_now_ms() - begin < 1000);
    assert_int_equal(count_files(dir), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* A file is stopped in its middle too, which libcurl reads in one go. */
static void test_cancel_file(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("in"));
    VT_AUTO_CLOSE int cancel = readable_fd();

    (void)state;
    put_file(in_dir("in"), content, SIZE);
    assert_int_equal(vt_image_fetch(url, in_dir("out"), NULL, cancel, NULL, &err), -ECANCELED);
    ASSERT_FAILED(-1, err, VT_CAUSE_NONE, "stopped while downloading file://");
    assert_int_equal(count_files(dir), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_http),
        IN_DIR(test_file),
        IN_DIR(test_checksum),
        IN_DIR(test_errors),
        IN_DIR(test_bad_urls),
        IN_DIR(test_full),
        IN_DIR(test_secrets),
        IN_DIR(test_signature_beside),
        IN_DIR(test_signature_unreachable),
        IN_DIR(test_signature_inline),
        IN_DIR(test_signature_elsewhere),
        IN_DIR(test_signed_name),
        IN_DIR(test_keyring),
        IN_DIR(test_armored_keyring),
        IN_DIR(test_unresolved),
        IN_DIR(test_retry),
        IN_DIR(test_tries),
        IN_DIR(test_long),
        IN_DIR(test_cancel_pause),
        IN_DIR(test_pieces),
        IN_DIR(test_weak),
        IN_DIR(test_go_on_after_kill),
        IN_DIR(test_go_on_after_stop),
        IN_DIR(test_torn),
        IN_DIR(test_all_there),
        IN_DIR(test_kill_at_any_time),
        IN_DIR(test_packed),
        IN_DIR(test_packed_as_it_arrives),
        IN_DIR(test_packed_torn),
        IN_DIR(test_packed_damaged),
        IN_DIR(test_kill_while_unpacking),
        IN_DIR(test_room),
        IN_DIR(test_record_has_no_url),
        IN_DIR(test_random_pieces),
        cmocka_unit_test(test_parse_range),
        IN_DIR(test_sha512),
        IN_DIR(test_sums),
        IN_DIR(test_sums_from_server),
        IN_DIR(test_own_sums),
        IN_DIR(test_cancel),
        IN_DIR(test_cancel_file),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server_and_free);
}
