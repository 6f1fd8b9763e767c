/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache_care.h"

#include <json-c/json.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "helpers.h"
#include "image/cache_get.h"
#include "image/fetch.h"

#define CACHE in_dir("cache")
#define DAY   86400

/* --- locks as other file systems have them --- */

static enum { LOCAL_LOCKS, NFS_LOCKS, NO_LOCKS } locks;

static char *path; /* of the one image */

/* What comes to the place of that image before the second lock from now is had, or NULL. */
static const char *newcomer;
static unsigned locks_until;

/* In the C library's place: on NFS, who may not write gets no lock for himself alone. */
int flock(int fd, int operation)
{
    bool alone = operation & LOCK_EX, writes = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;

    if (locks == NO_LOCKS || (locks == NFS_LOCKS && alone && !writes)) {
        errno = locks == NO_LOCKS ? ENOLCK : EBADF;
        return -1;
    }
    if (newcomer && --locks_until == 0) {
        assert_int_equal(rename(newcomer, path), 0);
        newcomer = NULL;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* --- a cache with one image --- */

static struct vt_cache cache;

/* Bring version @n of the file "web" to the cache; returns its path there. */
static char *get(uint32_t n)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web"));
    struct vt_cache_wish wish = {.url = url, .name = "tiny:1", .cancel_fd = -1};
    char *ret = NULL;

    put_raw(in_dir("web"), (n + 1) * MIB, 300000, n);
    assert_ok(vt_cache_get(&cache, &wish, &ret, &err), &err);
    return ret;
}

static int setup(void **state)
{
    locks = LOCAL_LOCKS;
    newcomer = NULL;
    if (make_test_dir(state) < 0 || mkdir(CACHE, 0755) < 0)
        return -1;
    cache = (struct vt_cache){.dir = vt_strdup(CACHE), .writable = true};
    path = get(1);
    return 0;
}

static int teardown(void **state)
{
    vt_cache_done(&cache);
    free(path);
    return remove_test_dir(state);
}

/* What a virtainer holds that runs: as long as this test, as its process does not end. */
static void let_go(void)
{
    VT_AUTO_FREE char *other = vt_fmt("%s/other", dir);
    struct vt_cache elsewhere = {.dir = other, .writable = true};
    VT_AUTO_FREE char *image = vt_cache_image(
        &elsewhere, "0000000000000000000000000000000000000000000000000000000000000000");
    VT_AUTO_FREE char *images = vt_fmt("%s/images/sha256", other);

    assert_int_equal(vt_mkdirs(images, 0755), 0);
    put_text(image, "x");
    assert_true(vt_cache_hold(&elsewhere, image));
}

static void be_unused_for(const char *image, int days)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - (time_t)days * DAY},
                                      {.tv_sec = time(NULL) - (time_t)days * DAY}};

    assert_int_equal(utimensat(AT_FDCWD, image, times, 0), 0);
}

static unsigned removed;

static void on_removed(const struct vt_cached_image *image)
{
    assert_false(vt_path_exists(image->path));
    removed++;
}

static void prune(int days, bool orphans_only)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_prune what = {
        .unused_for = (int64_t)days * DAY, .orphans_only = orphans_only, .now = time(NULL)};

    removed = 0;
    assert_ok(vt_cache_prune(&cache, &what, on_removed, &err), &err);
}

static void test_list(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0}, later = {0};
    VT_AUTO_FREE char *text = NULL, *json = NULL, *second = NULL;
    struct json_object *object, *value;

    (void)state;
    assert_ok(vt_cached_list_read(&cache, &list, &err), &err);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.images[0].path, path);
    assert_int_equal(list.images[0].size, 2 * MIB);
    assert_int_equal(list.images[0].use, VT_USE_NOW);
    assert_int_equal(list.images[0].entry_count, 1);
    text = vt_cached_list_text(&list);
    assert_non_null(strstr(text, "  2 MiB       now         tiny:1\n"));
    json = vt_cached_list_json(&list);
    object = json_tokener_parse(json);
    assert_int_equal(json_object_array_length(object), 1);
    assert_true(json_object_object_get_ex(json_object_array_get_idx(object, 0), "path", &value));
    assert_string_equal(json_object_get_string(value), path);
    (void)json_object_put(object);

    /* The last used is first, and what has no address any more is still there. */
    be_unused_for(path, 2);
    second = get(2);
    assert_ok(vt_cached_list_read(&cache, &later, &err), &err);
    assert_int_equal(later.count, 2);
    assert_string_equal(later.images[0].path, second);
    assert_string_equal(later.images[1].path, path);
    assert_int_equal(later.images[1].entry_count, 0);
    assert_int_equal(later.images[1].use, VT_USE_NONE);
}

static void test_match(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    const char *digest = strrchr(path, '/') + 1;
    VT_AUTO_FREE char *full = vt_fmt("sha256:%s", digest), *start = vt_fmt("%.8s", digest);
    VT_AUTO_FREE char *few = vt_fmt("%.7s", digest), *url = vt_fmt("file://%s", in_dir("web"));

    (void)state;
    assert_ok(vt_cached_list_read(&cache, &list, &err), &err);
    assert_true(vt_cached_image_is(&list.images[0], digest));
    assert_true(vt_cached_image_is(&list.images[0], full));
    assert_true(vt_cached_image_is(&list.images[0], start));
    assert_true(vt_cached_image_is(&list.images[0], "tiny:1"));
    assert_true(vt_cached_image_is(&list.images[0], url));
    assert_false(vt_cached_image_is(&list.images[0], few));
    assert_false(vt_cached_image_is(&list.images[0], "tiny"));
    assert_false(vt_cached_image_is(&list.images[0], "sha256:"));
    assert_false(vt_cached_image_is(&list.images[0], ""));
}

/* A flipped bit somewhere in the middle. */
static void test_digest(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    char digest[VT_SHA256_DIGITS + 1];

    (void)state;
    assert_ok(vt_cache_digest(path, -1, NULL, digest, &err), &err);
    assert_string_equal(digest, strrchr(path, '/') + 1);
    put_at(path, "x", 1, 1500000);
    assert_ok(vt_cache_digest(path, -1, NULL, digest, &err), &err);
    assert_string_not_equal(digest, strrchr(path, '/') + 1);
}

static void test_prune_by_age(void **state)
{
    (void)state;
    let_go();
    prune(1, false);
    assert_int_equal(removed, 0);
    be_unused_for(path, 3);
    prune(5, false);
    prune(1, true);
    assert_true(vt_path_exists(path));
    prune(1, false);
    assert_int_equal(removed, 1);
    /* Nor is anything left that spoke of it. */
    assert_int_equal(count_files(CACHE), 0);
}

static void test_prune_orphans(void **state)
{
    VT_AUTO_FREE char *second = get(2);

    (void)state;
    let_go();
    be_unused_for(second, 40);
    prune(30, true);
    assert_int_equal(removed, 0);
    be_unused_for(path, 40);
    prune(30, true);
    assert_int_equal(removed, 1);
    assert_true(vt_path_exists(second));
}

static void test_prune_in_use(void **state)
{
    int fds[2];
    pid_t pid;
    char byte;

    (void)state;
    let_go();
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(vt_cache_hold(&cache, path) && write(fds[1], "x", 1) == 1 && pause() ? 0 : 1);
    }
    assert_int_equal(read(fds[0], &byte, 1), 1);
    be_unused_for(path, 100);
    prune(0, false);
    assert_int_equal(removed, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    prune(0, false);
    assert_int_equal(removed, 1);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* On NFS too, what is used stays, and what is not goes. */
static void test_prune_on_nfs(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};

    (void)state;
    locks = NFS_LOCKS;
    assert_ok(vt_cached_list_read(&cache, &list, &err), &err);
    assert_int_equal(list.images[0].use, VT_USE_NOW);
    prune(0, false);
    assert_int_equal(removed, 0);
    let_go();
    prune(0, false);
    assert_int_equal(removed, 1);
}

/* Where nobody can tell who uses an image, none is removed. */
static void test_prune_without_locks(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    struct vt_prune what = {.now = time(NULL)};
    VT_AUTO_FREE char *json = NULL;

    (void)state;
    locks = NO_LOCKS;
    assert_ok(vt_cached_list_read(&cache, &list, &err), &err);
    assert_int_equal(list.images[0].use, VT_USE_UNKNOWN);
    json = vt_cached_list_json(&list);
    assert_non_null(strstr(json, "\"in_use\": null"));
    ASSERT_FAILED(vt_cache_prune(&cache, &what, on_removed, &err), err, VT_CAUSE_DATA_DIR, path,
                  "by hand");
    assert_true(vt_path_exists(path));
}

/* The list has it, and before it is removed another comes to its place, which is not locked. */
static void test_prune_replaced(void **state)
{
    struct stat before, now;

    (void)state;
    let_go();
    put_text(in_dir("other-image"), "x");
    assert_int_equal(stat(in_dir("other-image"), &before), 0);
    newcomer = in_dir("other-image");
    locks_until = 2;
    prune(0, false);
    assert_null(newcomer);
    assert_int_equal(removed, 0);
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(before.st_ino, now.st_ino);
}

/* An entry that was being written when its writer was killed. */
static void test_prune_index(void **state)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    VT_AUTO_FREE char *url = vt_fmt("file://%s", in_dir("web"));
    VT_AUTO_FREE char *key = vt_image_fetch_name(url, NULL, NULL);

    (void)state;
    put_text(in_dir("cache/index/%s.json.part-AbCdEf", key), "x");
    put_text(in_dir("cache/index/other.json.part-AbCdEf"), "x");
    put_text(in_dir("cache/index/mine.txt"), "x");
    prune(1, false);
    assert_int_equal(count_files(in_dir("cache/index")), 2);
    assert_ok(vt_cached_list_read(&cache, &list, &err), &err);
    assert_int_equal(list.images[0].entry_count, 1);
}

/* Downloads that were cut off, unless somebody is at it. */
static void test_prune_downloads(void **state)
{
    VT_AUTO_FREE char *holder = NULL;
    int lock = vt_lock_take(in_dir("cache/downloads/held.lock"), "me", CACHE, &holder);

    (void)state;
    assert_true(lock >= 0);
    put_text(in_dir("cache/downloads/held.partial"), "x");
    put_text(in_dir("cache/downloads/cut.partial"), "x");
    put_text(in_dir("cache/downloads/cut.partial.json"), "x");
    put_text(in_dir("cache/downloads/cut.image.part-AbCdEf"), "x");
    put_text(in_dir("cache/downloads/cut.image"), "x");
    put_text(in_dir("cache/downloads/cut.lock"), "x");
    prune(1, false);
    assert_int_equal(count_files(in_dir("cache/downloads")), 2);
    assert_true(vt_path_exists(in_dir("cache/downloads/held.partial")));
    (void)close(lock);
    prune(1, false);
    assert_int_equal(count_files(in_dir("cache/downloads")), 0);
    assert_true(vt_path_exists(path));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_match),
        TEST(test_digest),
        TEST(test_prune_by_age),
        TEST(test_prune_orphans),
        TEST(test_prune_in_use),
        TEST(test_prune_on_nfs),
        TEST(test_prune_without_locks),
        TEST(test_prune_replaced),
        TEST(test_prune_index),
        TEST(test_prune_downloads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
