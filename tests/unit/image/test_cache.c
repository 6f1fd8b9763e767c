/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache_get.h"

#include <sys/file.h>
#include <sys/mman.h>

#include "helpers.h"
#include "image/fetch.h"
#include "image/obtain.h"
#include "image/overlay.h"
#include "image/retry_priv.h"
#include "pack.h"
#include "server.h"
#include "signed.h"

#define CACHE in_dir("cache")
#define DATA  in_dir("data")

/* --- a server of the file "web" in the test's directory, in a child --- */

static char site[64];

/* What it is to do, and what it tells of itself. */
static struct {
    char dir[64];
    char etag[32]; /* "": none */
    char modified[64];
    bool broken; /* status 500 for all */
    bool slow;
    unsigned full, ranges, unchanged, errors;
} * web;

static void send_text(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void send_file(int fd, const char *request)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/web", web->dir), *content = NULL, *head = NULL;
    const char *range = strstr(request, "Range: bytes=");
    size_t size = 0, from = range ? strtoul(range + 13, NULL, 10) : 0;

    if (vt_file_read(path, 64 * MIB, &content, &size) < 0)
        return;
    *(range ? &web->ranges : &web->full) += 1;
    head = vt_fmt("HTTP/1.1 %s\r\nConnection: close\r\n%s%s%sLast-Modified: %s\r\n"
                  "Content-Range: bytes %zu-%zu/%zu\r\nContent-Length: %zu\r\n\r\n",
                  range ? "206 Partial Content" : "200 OK", *web->etag ? "ETag: " : "", web->etag,
                  *web->etag ? "\r\n" : "", web->modified, from, size - 1, size, size - from);
    send_text(fd, head);
    while (from < size) {
        size_t n = size - from < 16384 ? size - from : 16384;

        if (send(fd, content + from, n, MSG_NOSIGNAL) < 0)
            return;
        from += n;
        if (web->slow)
            (void)usleep(3000);
    }
}

/* Whether what the other side has is what we have. */
static bool is_known(const char *request)
{
    VT_AUTO_FREE char *tag = vt_fmt("If-None-Match: %s\r\n", web->etag);
    VT_AUTO_FREE char *since = vt_fmt("If-Modified-Since: %s\r\n", web->modified);

    return strstr(request, "If-None-Match") ? *web->etag && strstr(request, tag)
                                            : strstr(request, since) != NULL;
}

static void answer(int fd, const char *request)
{
    if (web->broken) {
        web->errors++;
        send_text(fd, "HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    } else if (is_known(request)) {
        web->unchanged++;
        send_text(fd, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    } else {
        send_file(fd, request);
    }
}

static int start_server(void **state)
{
    unsigned port;

    (void)state;
    web = mmap(NULL, sizeof(*web), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (web == MAP_FAILED)
        return -1;
    vt_retry_second = 10;
    port = start_serving(answer);
    (void)snprintf(site, sizeof(site), "http://127.0.0.1:%u/a.img?key=secret", port);
    return port > 0 ? 0 : -1;
}

static void be_version(unsigned n)
{
    put_image(in_dir("web"), "qcow2", 12 * MIB, 600000 + n * 100000, n);
    (void)snprintf(web->etag, sizeof(web->etag), "\"v%u\"", n);
    (void)snprintf(web->modified, sizeof(web->modified), "Sat, 21 Nov 2026 00:00:%02u GMT", n);
}

static int setup(void **state)
{
    if (make_test_dir(state) < 0 || mkdir(CACHE, 0755) < 0 || mkdir(DATA, 0755) < 0)
        return -1;
    memset(web, 0, sizeof(*web));
    (void)snprintf(web->dir, sizeof(web->dir), "%s", dir);
    be_version(1);
    return 0;
}

/* --- getting it --- */

static unsigned notices;
static char last_notice[1024];

static void on_notice(const char *text, void *data)
{
    (void)data;
    notices++;
    (void)snprintf(last_notice, sizeof(last_notice), "%s", text);
}

static const struct vt_progress progress = {.notice = on_notice};

static int get_as(bool writable, const char *checksum, char **ret, struct vt_error *err)
{
    struct vt_cache cache = {.dir = mutable(CACHE), .writable = writable};
    struct vt_cache_wish wish = {
        .url = site,
        .checksum = checksum,
        .name = "tiny:1",
        .cancel_fd = -1,
        .progress = &progress,
    };

    notices = 0;
    return vt_cache_get(&cache, &wish, ret, err);
}

static char *get(const char *checksum)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char *path = NULL;

    assert_ok(get_as(true, checksum, &path, &err), &err);
    return path;
}

/* @path is in the cache under its own digest, and is what the server has. */
static void assert_image(const char *path)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char digest[VT_SHA256_DIGITS + 1];
    struct stat st;

    assert_ok(vt_cache_digest(path, -1, NULL, digest, &err), &err);
    assert_string_equal(path, in_dir("cache/images/sha256/%s", digest));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    RUN("cmp", path, in_dir("web"));
}

static void assert_requests(unsigned full, unsigned unchanged)
{
    assert_int_equal(web->full, full);
    assert_int_equal(web->unchanged, unchanged);
}

static char *only_entry(void)
{
    VT_AUTO_FREE char *key = vt_image_fetch_name(site, NULL, NULL);

    return vt_strdup(in_dir("cache/index/%s.json", key));
}

static void test_get(void **state)
{
    VT_AUTO_FREE char *first = get(NULL), *second = get(NULL), *text = NULL;
    VT_AUTO_FREE char *entry = only_entry();

    (void)state;
    assert_image(first);
    assert_string_equal(first, second);
    assert_requests(1, 1);
    assert_int_equal(notices, 0);
    /* The image and its entry, and nothing of the way. */
    assert_int_equal(count_files(CACHE), 2);
    assert_int_equal(vt_file_read(entry, 4096, &text, NULL), 0);
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "tiny:1"));
}

/* By the time alone, where there is no tag. */
static void test_by_time(void **state)
{
    VT_AUTO_FREE char *first = NULL, *second = NULL;

    (void)state;
    web->etag[0] = '\0';
    first = get(NULL);
    second = get(NULL);
    assert_string_equal(first, second);
    assert_requests(1, 1);
}

static void test_changed(void **state)
{
    VT_AUTO_FREE char *first = get(NULL), *second = NULL;

    (void)state;
    be_version(2);
    second = get(NULL);
    assert_image(second);
    assert_string_not_equal(first, second);
    /* What guests may lie on is not changed. */
    assert_true(vt_path_exists(first));
    assert_int_equal(count_files(CACHE), 3);
}

/* A mirror has another tag for the same file. */
static void test_mirror(void **state)
{
    VT_AUTO_FREE char *first = get(NULL), *second = NULL;
    VT_AUTO_FREE char *entry = only_entry();
    struct stat then, now;

    (void)state;
    assert_int_equal(stat(entry, &then), 0);
    (void)snprintf(web->etag, sizeof(web->etag), "\"mirror\"");
    second = get(NULL);
    assert_string_equal(first, second);
    assert_int_equal(stat(entry, &now), 0);
    assert_int_equal(then.st_ino, now.st_ino);
}

static void test_no_answer(void **state)
{
    VT_AUTO_FREE char *first = get(NULL), *second = NULL;

    (void)state;
    web->broken = true;
    second = get(NULL);
    assert_string_equal(first, second);
    assert_int_equal(web->errors, 1);
    assert_int_equal(notices, 1);
    assert_non_null(strstr(last_notice, "500"));
}

/* What is known by its digest is not asked for. */
static void test_digest(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *checksum = NULL, *first = NULL, *second = NULL, *other = NULL;
    char digest[VT_SHA256_DIGITS + 1];

    (void)state;
    assert_ok(vt_cache_digest(in_dir("web"), -1, NULL, digest, &err), &err);
    checksum = vt_fmt("sha256:%s", digest);
    first = get(checksum);
    second = get(checksum);
    assert_image(first);
    assert_string_equal(first, second);
    assert_requests(1, 0);
    /* Another checksum is another wish, and what is wrong does not stay. */
    checksum[7] = checksum[7] == '0' ? '1' : '0';
    ASSERT_FAILED(get_as(true, checksum, &other, &err), err, VT_CAUSE_FETCH, "not the one");
    assert_int_equal(count_files(CACHE), 2);
}

static void test_file_of_checksums(void **state)
{
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SHA256SUMS"));
    VT_AUTO_FREE char *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;

    (void)state;
    RUN("sh", "-c", "cd \"$0\" && sha256sum web | sed s/web/a.img/ >SHA256SUMS", dir);
    first = get(sums);
    second = get(sums);
    assert_string_equal(first, second);
    assert_requests(1, 0);
    be_version(2);
    RUN("sh", "-c", "cd \"$0\" && sha256sum web | sed s/web/a.img/ >SHA256SUMS", dir);
    third = get(sums);
    assert_image(third);
    assert_requests(2, 0);
    assert_int_equal(unlink(in_dir("SHA256SUMS")), 0);
    fourth = get(sums);
    assert_string_equal(third, fourth);
    assert_int_equal(notices, 1);
}

static void test_packed(void **state)
{
    VT_AUTO_FREE char *first = NULL, *second = NULL;

    (void)state;
    assert_int_equal(rename(in_dir("web"), in_dir("plain")), 0);
    pack_file(in_dir("web"), "xz", in_dir("plain"));
    first = get(NULL);
    assert_int_equal(rename(in_dir("plain"), in_dir("web")), 0);
    assert_image(first);
    second = get(NULL);
    assert_string_equal(first, second);
    assert_int_equal(count_files(CACHE), 2);
}

static void test_useless(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *path = NULL;

    (void)state;
    put_text(in_dir("web"), "<html>please log in</html>");
    ASSERT_FAILED(get_as(true, NULL, &path, &err), err, VT_CAUSE_BAD_IMAGE, "web page");
    assert_int_equal(count_files(CACHE), 0);
    put_packed(in_dir("web"), "gzip", "text", 4);
    ASSERT_FAILED(get_as(true, NULL, &path, &err), err, VT_CAUSE_BAD_IMAGE, "");
    assert_int_equal(count_files(CACHE), 0);
}

/* No room, and nowhere to write: the way out is the cache's. */
static void test_no_place(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_cache cache = {.dir = mutable(CACHE), .writable = true};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("huge")), *path = NULL;
    VT_AUTO_FREE char *key = vt_image_fetch_name(url, NULL, NULL);
    struct vt_cache_wish wish = {.url = url, .cancel_fd = -1};

    (void)state;
    put_text(in_dir("huge"), "");
    assert_int_equal(truncate(in_dir("huge"), (off_t)(8192 * GIB)), 0);
    ASSERT_FAILED(vt_cache_get(&cache, &wish, &path, &err), err, VT_CAUSE_DATA_FULL,
                  "needs 8 TiB, and its file system has room for ",
                  ": make room in the cache (virtainer image prune)");
    assert_int_equal(mkdir(in_dir("cache/downloads/%s.partial", key), 0755), 0);
    ASSERT_FAILED(vt_cache_get(&cache, &wish, &path, &err), err, VT_CAUSE_DATA_DIR,
                  ": Is a directory; mount a cache that can be written");
}

/* An entry that is damaged, or whose image is gone or was cut short, is none. */
static void test_damaged(void **state)
{
    VT_AUTO_FREE char *first = get(NULL), *entry = only_entry();
    VT_AUTO_FREE char *second = NULL, *third = NULL, *fourth = NULL;

    (void)state;
    put_text(entry, "{\"version\":1,\"url\":\"x\",\"digest\":\"sha256:../../../etc/passwd\"}");
    second = get(NULL);
    assert_image(second);
    assert_requests(2, 0);
    assert_int_equal(unlink(first), 0);
    third = get(NULL);
    assert_image(third);
    assert_requests(3, 0);
    assert_int_equal(truncate(first, 1000), 0);
    fourth = get(NULL);
    assert_image(fourth);
    assert_requests(4, 0);
}

static void test_read_only(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *none = NULL, *first = NULL, *second = NULL;

    (void)state;
    assert_int_equal(get_as(false, NULL, &none, &err), -ENOENT);
    assert_null(err.msg);
    assert_int_equal(count_files(CACHE), 0);
    first = get(NULL);
    be_version(2);
    assert_ok(get_as(false, NULL, &second, &err), &err);
    assert_string_equal(first, second);
    assert_requests(1, 0);
}

/* --- with a keyring --- */

static int get_signed(bool writable, char **ret, struct vt_error *err)
{
    struct vt_cache cache = {.dir = mutable(CACHE), .writable = writable};
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SUMS"));
    struct vt_cache_wish wish = {
        .url = site,
        .checksum = sums,
        .keyring = in_dir("keys"),
        .cancel_fd = -1,
        .progress = &progress,
    };

    notices = 0;
    return vt_cache_get(&cache, &wish, ret, err);
}

static char *get_verified(void)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char *path = NULL;

    assert_ok(get_signed(true, &path, &err), &err);
    return path;
}

static int setup_signed(void **state)
{
    if (setup(state) < 0)
        return -1;
    put_raw(in_dir("web"), 2 * MIB, 300000, 7);
    put_text(in_dir("SUMS"), signed_image);
    put_file(in_dir("keys"), image_signer, sizeof(image_signer));
    return 0;
}

/* What one keyring vouched for is not taken for what another does. */
static void test_another_keyring(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *first = get_verified(), *again = NULL, *none = NULL;

    (void)state;
    assert_image(first);
    assert_int_equal(rename(in_dir("SUMS"), in_dir("away")), 0);
    again = get_verified();
    assert_string_equal(first, again);
    assert_int_equal(notices, 1);

    put_file(in_dir("keys"), other_signer, sizeof(other_signer));
    ASSERT_FAILED(get_signed(true, &none, &err), err, VT_CAUSE_FETCH, "SUMS");
    assert_int_equal(get_signed(false, &none, &err), -ENOENT);
    assert_null(err.msg);
    assert_int_equal(rename(in_dir("away"), in_dir("SUMS")), 0);
    ASSERT_FAILED(get_signed(true, &none, &err), err, VT_CAUSE_FETCH, "not by a key");
    assert_null(none);
    assert_requests(1, 0);
}

/* A key more, and the same image: it is verified anew, and not downloaded. */
static void test_keyring_grows(void **state)
{
    VT_AUTO_FREE char *first = get_verified(), *second = NULL, *third = NULL;
    unsigned char both[sizeof(image_signer) + sizeof(other_signer)];

    (void)state;
    memcpy(both, image_signer, sizeof(image_signer));
    memcpy(both + sizeof(image_signer), other_signer, sizeof(other_signer));
    put_file(in_dir("keys"), both, sizeof(both));
    second = get_verified();
    assert_string_equal(first, second);
    assert_int_equal(notices, 0);
    assert_int_equal(unlink(in_dir("SUMS")), 0);
    third = get_verified();
    assert_string_equal(first, third);
    assert_requests(1, 0);
    assert_int_equal(count_files(CACHE), 2);
}

/* What is wrong here is an error, and not taken for a server that does not answer. */
static void test_cannot_verify(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *first = get_verified(), *none = NULL, *path = vt_strdup(getenv("PATH"));
    int r;

    (void)state;
    assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
    r = get_signed(true, &none, &err);
    assert_int_equal(setenv("PATH", path, 1), 0);
    ASSERT_FAILED(r, err, VT_CAUSE_INTERNAL, "gpgv");
    put_text(in_dir("keys"), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    ASSERT_FAILED(get_signed(true, &none, &err), err, VT_CAUSE_USAGE, "armored, and damaged");
    ASSERT_FAILED(get_signed(false, &none, &err), err, VT_CAUSE_USAGE, "armored, and damaged");
    assert_int_equal(notices, 0);
    assert_null(none);
}

/* --- many at once, and kills --- */

static pid_t get_in_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        VT_AUTO_FREE char *path = NULL;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);

        _exit(get_as(true, NULL, &path, NULL) == 0 && path ? 0 : 1);
    }
    assert_true(pid > 0);
    return pid;
}

static void assert_ends(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void wait_until_begun(const char *key)
{
    const char *partial = in_dir("cache/downloads/%s.partial", key);
    struct stat st = {0};

    for (int i = 0; i < 500 && (stat(partial, &st) < 0 || st.st_size < 100000); i++)
        (void)usleep(10000);
    assert_true(st.st_size >= 100000);
}

/* Ten that start together make one download; when who makes it is killed, another goes on. */
static void test_ten(void **state)
{
    VT_AUTO_FREE char *path = NULL, *key = vt_image_fetch_name(site, NULL, NULL);
    pid_t first, others[9];

    (void)state;
    web->slow = true;
    first = get_in_child();
    wait_until_begun(key);
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++)
        others[i] = get_in_child();
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(waitpid(first, NULL, 0), first);
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++)
        assert_ends(others[i]);
    assert_requests(1, 0);
    assert_int_equal(web->ranges, 1);
    path = get(NULL);
    assert_image(path);
    assert_int_equal(count_files(CACHE), 2);
}

/* Who waited for a download that another keyring vouches for does not take it for his own. */
static void test_two_keyrings(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *sums = vt_fmt("file://%s", in_dir("SUMS")), *none = NULL;
    VT_AUTO_FREE char *key = vt_image_fetch_name(site, sums, "keys");
    pid_t first;

    (void)state;
    web->slow = true;
    first = fork();
    if (first == 0) {
        VT_AUTO_FREE char *path = NULL;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(get_signed(true, &path, NULL) == 0 && path ? 0 : 1);
    }
    wait_until_begun(key);
    put_file(in_dir("keys"), other_signer, sizeof(other_signer));
    ASSERT_FAILED(get_signed(true, &none, &err), err, VT_CAUSE_FETCH, "not by a key");
    assert_ends(first);
    assert_int_equal(notices, 1);
}

/* Whenever it is killed: nothing in the index but what is right, and it comes to an end. */
static void test_kill_at_any_time(void **state)
{
    VT_AUTO_FREE char *entry = only_entry();
    unsigned seed = 1, kills = 0;

    (void)state;
    web->slow = true;
    while (!vt_path_exists(entry)) {
        pid_t pid = get_in_child();

        (void)usleep((unsigned)rand_r(&seed) % 150000);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(++kills < 300);
    }
    print_message("%u kills, %u ranges\n", kills, web->ranges);
    web->slow = false;
    for (unsigned i = 0; i < 20; i++) {
        VT_AUTO_FREE char *path = get(NULL);
        pid_t pid;

        assert_image(path);
        assert_int_equal(count_files(in_dir("cache/images")), i + 1);
        be_version(i % 40 + 2);
        pid = get_in_child();
        (void)usleep((unsigned)rand_r(&seed) % 60000);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

/* --- a guest's image --- */

static void obtain(const char *data, struct vt_base *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_config config = {
        .image_url = site,
        .image_dir = mutable(data),
        .image_cache = mutable(CACHE),
    };

    assert_ok(vt_image_obtain(&config, dir, -1, &progress, ret, &err), &err);
}

static void start(const char *data, struct vt_base *ret)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    struct vt_overlay_request request = {
        .data_dir = data, .base = ret, .size = GIB, .cancel_fd = -1};

    obtain(data, ret);
    assert_ok(vt_overlay_prepare(&request, &overlay, &err), &err);
}

/* A guest stays on its image, and nobody is asked; a new one gets the new image. */
static void test_guests(void **state)
{
    VT_AUTO_BASE struct vt_base first = {0}, again = {0}, other = {0};

    (void)state;
    start(DATA, &first);
    assert_image(first.path);
    assert_false(vt_path_exists(in_dir("data/.virtainer/images")));
    be_version(2);
    start(DATA, &again);
    assert_string_equal(first.path, again.path);
    assert_requests(1, 0);
    assert_int_equal(mkdir(in_dir("other"), 0755), 0);
    start(in_dir("other"), &other);
    assert_image(other.path);
    assert_string_not_equal(first.path, other.path);
}

/* What a virtainer runs on is locked against its removal, and bears the time of its last start. */
static void test_held(void **state)
{
    VT_AUTO_BASE struct vt_base base = {0};
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct stat st;
    int fd;

    (void)state;
    start(DATA, &base);
    fd = open(base.path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    (void)close(fd);
    assert_int_equal(utimensat(AT_FDCWD, base.path, old, 0), 0);
    vt_base_done(&base);
    start(DATA, &base);
    assert_int_equal(stat(base.path, &st), 0);
    assert_true(st.st_mtime > 1000);
}

/* What was in the data directory before there was a cache is not fetched again. */
static void test_data_dir_first(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_BASE struct vt_base first = {0}, again = {0};
    struct vt_config config = {.image_url = site, .image_dir = mutable(DATA)};

    (void)state;
    assert_ok(vt_image_obtain(&config, dir, -1, NULL, &first, &err), &err);
    obtain(DATA, &again);
    assert_string_equal(first.path, again.path);
    assert_int_equal(count_files(CACHE), 0);
    vt_base_done(&again);
    config.image_cache = mutable("/nowhere");
    assert_ok(vt_image_obtain(&config, dir, -1, NULL, &again, &err), &err);
    vt_base_done(&again);
    config.image_cache_given = true;
    ASSERT_FAILED(vt_image_obtain(&config, dir, -1, NULL, &again, &err), err, VT_CAUSE_USAGE,
                  "IMAGE_CACHE=/nowhere");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, remove_test_dir)

#define SIGNED(test) cmocka_unit_test_setup_teardown(test, setup_signed, remove_test_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get),
        TEST(test_by_time),
        TEST(test_changed),
        TEST(test_mirror),
        TEST(test_no_answer),
        TEST(test_digest),
        TEST(test_packed),
        TEST(test_file_of_checksums),
        TEST(test_useless),
        TEST(test_no_place),
        TEST(test_damaged),
        TEST(test_read_only),
        TEST(test_ten),
        TEST(test_guests),
        TEST(test_kill_at_any_time),
        TEST(test_held),
        TEST(test_data_dir_first),
        SIGNED(test_another_keyring),
        SIGNED(test_keyring_grows),
        SIGNED(test_two_keyrings),
        SIGNED(test_cannot_verify),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
