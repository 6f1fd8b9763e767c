/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache_get.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "base/url.h"
#include "host/files.h"
#include "image/download.h"
#include "image/expect.h"
#include "image/fetch.h"
#include "image/part.h"
#include "image/probe.h"
#include "image/qemu_img.h"
#include "image/signature.h"
#include "image/transfer.h"

/* How often a lock that another has is asked for. */
enum { LOCK_EVERY_MS = 200 };

struct get {
    const struct vt_cache *cache;
    const struct vt_cache_wish *wish;
    char *key;
    char *url;     /* for people */
    char *keyring; /* the digest of whose signature is asked for, or NULL: nobody's */
};

static void get_done(struct get *get)
{
    free(get->keyring);
    free(get->key);
    free(get->url);
}

static VT_PRINTF(2, 3) void notice(const struct get *get, const char *format, ...)
{
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    vt_progress_notice(get->wish->progress, text);
}

/* --- whether it is still right --- */

enum answer { SAME, OTHER, NO_ANSWER };

static char *checksum_text(const struct vt_checksum *checksum)
{
    return checksum ? vt_fmt("%s:%s", vt_digest_name(checksum->digest), checksum->hex) : NULL;
}

/* Ask the file of checksums, or take the digest that was given. */
static int ask_checksum(const struct get *get, const struct vt_cache_entry *entry, enum answer *ret,
                        struct vt_error *err)
{
    struct vt_wish wish = {
        .text = get->wish->checksum,
        .url = get->wish->url,
        .keyring = get->wish->keyring,
        .signature = get->wish->signature,
        .once = true,
        .cancel_fd = get->wish->cancel_fd,
    };
    VT_AUTO_FREE char *text = NULL;
    const struct vt_checksum *checksum;
    struct vt_checksum found;
    int r = vt_expect(&wish, &found, &checksum, err);

    if (r < 0)
        return r;
    text = checksum_text(checksum);
    *ret = entry->checksum && vt_streq(text, entry->checksum) ? SAME : OTHER;
    return 0;
}

struct question {
    const struct vt_cache_entry *entry;
    bool answered;
    bool same;
};

/* The server sends it again. One of several mirrors may have another tag for the same file. */
static int on_reply(const struct vt_reply *reply, void *user, struct vt_error *err)
{
    struct question *q = user;

    q->answered = true;
    q->same = reply->total_known && reply->total == q->entry->download_size &&
              reply->modified >= 0 && reply->modified == q->entry->last_modified;
    return vt_error_set(err, VT_CAUSE_NONE, -EALREADY, "enough");
}

static int on_no_data(const void *data, size_t len, void *user, struct vt_error *err)
{
    (void)data;
    (void)len;
    (void)user;
    return vt_error_set(err, VT_CAUSE_NONE, -EALREADY, "enough");
}

static int ask_server(const struct get *get, const struct vt_cache_entry *entry, enum answer *ret,
                      struct vt_error *err)
{
    struct question question = {.entry = entry};
    struct vt_transfer t = {
        .url = get->wish->url,
        .known_etag = entry->etag,
        .known_modified = entry->last_modified,
        .hasty = true,
        .cancel_fd = get->wish->cancel_fd,
        .begin = on_reply,
        .data = on_no_data,
        .user = &question,
    };
    struct vt_transfer_end end;
    int r = vt_transfer_run(&t, &end, err);

    if (question.answered) {
        vt_error_done(err);
        *ret = question.same ? SAME : OTHER;
        return 0;
    }
    if (r == 0)
        *ret = end.unchanged ? SAME : OTHER;
    return r;
}

/* Whether @entry was verified with the keyring that counts now; the wish is in its key, but not
 * whose. */
static bool is_trusted(const struct get *get, const struct vt_cache_entry *entry)
{
    return !get->keyring || (entry->keyring && vt_streq(get->keyring, entry->keyring));
}

/* Whoever does not answer leaves us with what we have; a stop, what proves to be forged, and what
 * is wrong with us is an error. */
static int compare(const struct get *get, const struct vt_cache_entry *entry, enum answer *ret,
                   struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;
    int r = get->wish->checksum ? ask_checksum(get, entry, ret, &why)
                                : ask_server(get, entry, ret, &why);

    if (r < 0 && (why.cause != VT_CAUSE_FETCH || r == -EBADMSG)) {
        vt_error_move(err, &why);
        return r;
    }
    if (r < 0) {
        notice(get,
               "%s; so the image in the cache is taken without knowing whether it is still "
               "the newest",
               why.msg);
        *ret = NO_ANSWER;
    }
    return 0;
}

/* --- bringing it in --- */

static int make_directories(const struct get *get, struct vt_error *err)
{
    static const char *const subs[] = {"index", "downloads", "images", "images/sha256"};

    for (size_t i = 0; i < VT_ARRAY_SIZE(subs); i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", get->cache->dir, subs[i]);

        int r = mkdir(path, 0755) < 0 ? -errno : vt_path_chown_like(path, get->cache->dir);

        if (r < 0 && r != -EEXIST)
            return vt_cache_error(err, -r, "make the directory", path);
    }
    return 0;
}

/* Wait until nobody else fetches it. Returns a descriptor with the lock. */
static int take_lock(const struct get *get, const char *path, struct vt_error *err)
{
    struct pollfd cancel = {.fd = get->wish->cancel_fd, .events = POLLIN};
    char host[HOST_NAME_MAX + 1] = "";

    (void)gethostname(host, sizeof(host) - 1);
    for (bool told = false;; told = true) {
        VT_AUTO_FREE char *holder = NULL;
        int fd = vt_lock_take(path, host, get->cache->dir, &holder);

        if (fd >= 0)
            return fd;
        if (fd != -EWOULDBLOCK)
            return vt_cache_error(err, -fd, "lock", path);
        if (!told)
            notice(get, "another virtainer (%s) fetches %s into the cache: waiting for it", holder,
                   get->url);
        if (poll(&cancel, 1, LOCK_EVERY_MS) > 0)
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED,
                                "stopped while another virtainer fetched %s", get->url);
    }
}

/* What is made on the way to an image. */
struct brought {
    struct vt_downloaded download;
    struct vt_checksum found;
    const struct vt_checksum *checksum; /* of the download, or NULL */
};

static void brought_done(struct brought *b)
{
    vt_downloaded_done(&b->download);
}

static const char *brought_image(const struct brought *b)
{
    return b->download.image ? b->download.image : b->download.path;
}

static void brought_remove(const struct brought *b)
{
    if (b->download.image)
        (void)unlink(b->download.image);
    if (b->download.path) {
        (void)unlink(b->download.path);
        (void)unlink(b->download.record_path);
    }
}

static int expect(const struct get *get, struct brought *b, struct vt_error *err)
{
    struct vt_wish wish = {
        .text = get->wish->checksum,
        .url = get->wish->url,
        .keyring = get->wish->keyring,
        .signature = get->wish->signature,
        .cancel_fd = get->wish->cancel_fd,
        .progress = get->wish->progress,
    };

    return vt_expect(&wish, &b->found, &b->checksum, err);
}

static int download(const struct get *get, struct brought *b, struct vt_error *err)
{
    VT_AUTO_FREE char *destination = vt_cache_file(get->cache, "downloads", get->key, "");
    VT_AUTO_FREE char *unpacked = vt_cache_file(get->cache, "downloads", get->key, ".image");
    struct vt_download wanted = {
        .url = get->wish->url,
        .destination = destination,
        .unpacked = unpacked,
        .checksum = b->checksum,
        .stays = &b->download,
        .cancel_fd = get->wish->cancel_fd,
        .progress = get->wish->progress,
    };

    return vt_download_run(&wanted, err);
}

static int look_at(const struct get *get, const struct brought *b, struct vt_error *err)
{
    VT_AUTO_BASE struct vt_base base = {0};
    int r = vt_base_probe(brought_image(b), get->wish->cancel_fd, &base, err);

    if (r == 0 && vt_streq(base.format, "qcow2"))
        r = vt_qemu_img_check(base.path, get->wish->cancel_fd, err);
    return r;
}

static int digest_of(const struct get *get, const struct brought *b, char ret[VT_SHA256_DIGITS + 1],
                     struct vt_error *err)
{
    const char *known = b->download.digest;

    if (!b->download.image && b->checksum && b->checksum->digest == VT_DIGEST_SHA256)
        known = b->checksum->hex;
    if (known) {
        memcpy(ret, known, VT_SHA256_DIGITS + 1);
        return 0;
    }
    return vt_cache_digest(brought_image(b), get->wish->cancel_fd, get->wish->progress, ret, err);
}

/* Give it its name, unless the right one has it: a guest may run on that. */
static int name_image(const struct get *get, const struct brought *b, const char *digest,
                      struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_cache_image(get->cache, digest);
    char there[VT_SHA256_DIGITS + 1];

    if (vt_path_exists(path) &&
        vt_cache_digest(path, get->wish->cancel_fd, NULL, there, NULL) == 0 &&
        vt_streq(there, digest))
        return 0;
    return vt_part_finish_as(brought_image(b), path, 0444, err);
}

static int write_entry(const struct get *get, struct vt_cache_entry *entry, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_cache_file(get->cache, "index", get->key, ".json");
    VT_AUTO_FREE char *text = NULL;
    int r;

    vt_str_replace(&entry->keyring, vt_strdup(get->keyring));
    text = vt_cache_entry_text(entry);
    r = vt_file_write(path, text, strlen(text), 0644, get->cache->dir);
    return r < 0 ? vt_cache_error(err, -r, "write", path) : 0;
}

static int note(const struct get *get, const struct brought *b, struct vt_cache_entry *entry,
                struct vt_error *err)
{
    VT_AUTO_FREE char *image = vt_cache_image(get->cache, entry->digest);
    struct stat st;

    if (stat(image, &st) < 0)
        return vt_cache_error(err, errno, "look at", image);
    entry->url = vt_strdup(get->url);
    entry->name = vt_strdup(get->wish->name);
    entry->etag = vt_strdup(b->download.etag);
    entry->checksum = checksum_text(b->checksum);
    entry->last_modified = b->download.modified;
    entry->download_size = b->download.size;
    entry->image_size = (uint64_t)st.st_size;
    entry->fetched = time(NULL);
    return write_entry(get, entry, err);
}

/* Whether what is there of a download can be of use to the next try after this error. */
static bool is_to_stay(int r, const struct vt_error *err)
{
    return r == -ECANCELED || (err && err->cause == VT_CAUSE_DATA_FULL);
}

static int bring_expected(const struct get *get, struct brought *b, struct vt_error *err)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    int r = download(get, b, err);

    /* What it has left then, it knows itself. */
    if (r < 0)
        return r;
    r = look_at(get, b, err);
    if (r == 0)
        r = digest_of(get, b, entry.digest, err);
    if (r == 0)
        r = name_image(get, b, entry.digest, err);
    if (r == 0)
        r = note(get, b, &entry, err);
    if (b->download.image && r < 0)
        (void)unlink(b->download.image);
    if (!is_to_stay(r, err))
        brought_remove(b);
    return r;
}

/* The lock is ours. @there is what the cache has, if anything. */
static int bring(const struct get *get, struct vt_cache_entry *there, struct vt_error *err)
{
    VT_CLEANUP(brought_done) struct brought b = {0};
    VT_AUTO_FREE char *checksum = NULL;
    int r = expect(get, &b, err);

    if (r < 0)
        return r;
    checksum = checksum_text(b.checksum);
    /* The very image that another keyring stood for. */
    if (there->url && !is_trusted(get, there) && there->checksum &&
        vt_streq(checksum, there->checksum))
        return write_entry(get, there, err);
    return bring_expected(get, &b, err);
}

/* --- both --- */

static bool same_fetch(const struct vt_cache_entry *a, const struct vt_cache_entry *b)
{
    return a->fetched == b->fetched && vt_streq(a->digest, b->digest);
}

static int take_fetched(const struct get *get, char **ret_path, struct vt_error *err)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_AUTO_FREE char *path = NULL;

    if (vt_cache_look_up(get->cache, get->key, &entry) == 0) {
        path = vt_cache_image(get->cache, entry.digest);
        if (vt_cache_hold(get->cache, path)) {
            *ret_path = VT_TAKE_PTR(path);
            return 0;
        }
    }
    return vt_error_set(err, VT_CAUSE_DATA_DIR, -ENOENT,
                        "%s was removed from the cache %s while it was fetched; start again",
                        get->url, get->cache->dir);
}

/* Fetch it, unless another has done so since @known (NULL: there was none) was read. */
static int fetch(const struct get *get, const struct vt_cache_entry *known, char **ret_path,
                 struct vt_error *err)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_AUTO_FREE char *path = vt_cache_file(get->cache, "downloads", get->key, ".lock");
    VT_AUTO_CLOSE int lock = -1;
    int r = make_directories(get, err);

    if (r < 0)
        return r;
    lock = take_lock(get, path, err);
    if (lock < 0)
        return lock;
    if (vt_cache_look_up(get->cache, get->key, &entry) < 0 ||
        (known && same_fetch(known, &entry)) || !is_trusted(get, &entry))
        r = bring(get, &entry, err);
    /* Still with the lock: the next one may bring what another keyring stands for. */
    if (r == 0)
        r = take_fetched(get, ret_path, err);
    else
        vt_data_error_elsewhere(err, VT_PLACE_CACHE);
    (void)unlink(path);
    return r;
}

/* Returns 1 with *@ret_path when the cache has what is wanted, 0 when it is to be fetched: @entry
 * is then what is there, if @ret_there says so. */
static int take_known(const struct get *get, struct vt_cache_entry *entry, bool *ret_there,
                      char **ret_path, struct vt_error *err)
{
    VT_AUTO_FREE char *path = NULL;
    enum answer answer = SAME;
    int r;

    *ret_there = vt_cache_look_up(get->cache, get->key, entry) == 0;
    if (!*ret_there || !is_trusted(get, entry))
        return 0;
    path = vt_cache_image(get->cache, entry->digest);
    if (!vt_cache_hold(get->cache, path))
        return 0;
    if (get->cache->writable) {
        r = compare(get, entry, &answer, err);
        if (r < 0)
            return r;
    }
    if (answer == OTHER) {
        notice(get, "%s is another image by now than the one in the cache", get->url);
        return 0;
    }
    *ret_path = VT_TAKE_PTR(path);
    return 1;
}

int vt_cache_get(const struct vt_cache *cache, const struct vt_cache_wish *wish, char **ret_path,
                 struct vt_error *err)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_CLEANUP(get_done)
    struct get get = {
        .cache = cache,
        .wish = wish,
        .key = vt_image_fetch_name(wish->url, wish->checksum, wish->keyring),
        .url = vt_url_public(wish->url),
    };
    bool there = false;
    int r = 0;

    if (vt_expect_is_signed(wish->checksum, wish->keyring))
        r = vt_keyring_digest(wish->keyring, &get.keyring, err);
    if (r < 0)
        return r;
    r = take_known(&get, &entry, &there, ret_path, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return cache->writable ? fetch(&get, there ? &entry : NULL, ret_path, err) : -ENOENT;
}
