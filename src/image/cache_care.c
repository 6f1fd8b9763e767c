/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache_care.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/object.h"
#include "base/str.h"
#include "host/files.h"

enum { SHORT_DIGEST = 12, LEAST_DIGEST = 8 };

#define DIGEST_PREFIX "sha256:"

/* --- what is there --- */

static void image_done(struct vt_cached_image *image)
{
    free(image->path);
    for (size_t i = 0; i < image->entry_count; i++)
        vt_cache_entry_done(&image->entries[i]);
    free(image->entries);
}

void vt_cached_list_done(struct vt_cached_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        image_done(&list->images[i]);
    free(list->images);
    *list = (struct vt_cached_list){0};
}

/* Room for one more of @size bytes after @count; the caller's only pointer to @array is replaced.
 */
static void *grown(void *array, size_t count, size_t size)
{
    void *larger = vt_calloc(count + 1, size);

    if (count > 0)
        memcpy(larger, array, count * size);
    free(array);
    return larger;
}

/* The directory @sub of the cache; NULL with *@ret 0 if it is not there, which an empty cache has
 * not. */
static DIR *open_sub(const struct vt_cache *cache, const char *sub, int *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/%s", cache->dir, sub);
    DIR *dir = opendir(path);

    *ret = dir || errno == ENOENT
               ? 0
               : vt_error_errno(err, VT_CAUSE_DATA_DIR, errno, "cannot read %s", path);
    return dir;
}

/* Open the image @path for its lock, which a network file system gives alone to who may write. */
static int open_image(const char *path)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, O_RDWR | flags);

    return fd >= 0 ? fd : open(path, O_RDONLY | flags);
}

static enum vt_use use_of(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return VT_USE_NONE;
    return errno == EWOULDBLOCK ? VT_USE_NOW : VT_USE_UNKNOWN;
}

static void add_image(const struct vt_cache *cache, const char *digest, struct vt_cached_list *list)
{
    VT_AUTO_FREE char *path = vt_cache_image(cache, digest);
    VT_AUTO_CLOSE int fd = open_image(path);
    struct vt_cached_image *image;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    list->images = grown(list->images, list->count, sizeof(*image));
    image = &list->images[list->count++];
    *image = (struct vt_cached_image){
        .path = VT_TAKE_PTR(path),
        .size = (uint64_t)st.st_size,
        .used = st.st_mtime,
        .use = use_of(fd),
    };
    memcpy(image->digest, digest, sizeof(image->digest));
}

static int read_images(const struct vt_cache *cache, struct vt_cached_list *list,
                       struct vt_error *err)
{
    int r;
    VT_AUTO_CLOSEDIR DIR *dir = open_sub(cache, "images/sha256", &r, err);
    const struct dirent *file;

    while (dir && (file = readdir(dir))) {
        if (vt_is_sha256(file->d_name))
            add_image(cache, file->d_name, list);
    }
    return r;
}

/* "KEY" of a file "KEY" and @suffix, which the caller frees; NULL for another file. */
static char *key_of(const char *name, const char *suffix)
{
    size_t len = strlen(name), n = strlen(suffix);

    return len > n && vt_streq(name + len - n, suffix) ? vt_strndup(name, len - n) : NULL;
}

static void add_entry(const struct vt_cache *cache, const char *key, struct vt_cached_list *list)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};

    if (vt_cache_look_up(cache, key, &entry) < 0)
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct vt_cached_image *image = &list->images[i];

        if (!vt_streq(image->digest, entry.digest))
            continue;
        image->entries = grown(image->entries, image->entry_count, sizeof(entry));
        image->entries[image->entry_count++] = entry;
        entry = (struct vt_cache_entry){0};
        return;
    }
}

static int read_entries(const struct vt_cache *cache, struct vt_cached_list *list,
                        struct vt_error *err)
{
    int r;
    VT_AUTO_CLOSEDIR DIR *dir = open_sub(cache, "index", &r, err);
    const struct dirent *file;

    while (dir && (file = readdir(dir))) {
        VT_AUTO_FREE char *key = key_of(file->d_name, ".json");

        if (key)
            add_entry(cache, key, list);
    }
    return r;
}

static int by_use(const void *a, const void *b)
{
    const struct vt_cached_image *x = a, *y = b;

    if (x->used != y->used)
        return x->used < y->used ? 1 : -1;
    return strcmp(x->digest, y->digest);
}

int vt_cached_list_read(const struct vt_cache *cache, struct vt_cached_list *ret,
                        struct vt_error *err)
{
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    int r = read_images(cache, &list, err);

    if (r == 0)
        r = read_entries(cache, &list, err);
    if (r < 0)
        return r;
    if (list.count > 0)
        qsort(list.images, list.count, sizeof(*list.images), by_use);
    *ret = list;
    list = (struct vt_cached_list){0};
    return 0;
}

bool vt_cached_image_is(const struct vt_cached_image *image, const char *text)
{
    const char *digest = vt_startswith(text, DIGEST_PREFIX) ? text + strlen(DIGEST_PREFIX) : text;

    if (strlen(digest) >= LEAST_DIGEST && vt_startswith(image->digest, digest))
        return true;
    for (size_t i = 0; i < image->entry_count; i++) {
        if (vt_streq(image->entries[i].url, text) ||
            (image->entries[i].name && vt_streq(image->entries[i].name, text)))
            return true;
    }
    return false;
}

/* --- as text --- */

static void add_line(struct vt_buf *out, const struct vt_cached_image *image)
{
    VT_AUTO_FREE char *size = vt_size_text(image->size);
    time_t used = (time_t)image->used;
    struct tm tm = {0};
    char day[sizeof("2026-11-22")] = "-";

    if (gmtime_r(&used, &tm))
        (void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
    vt_buf_addf(out, "%.*s  %-10s  %-10s", SHORT_DIGEST, image->digest, size,
                image->use == VT_USE_NOW ? "now" : day);
    for (size_t i = 0; i < image->entry_count; i++) {
        const struct vt_cache_entry *entry = &image->entries[i];

        vt_buf_addf(out, "%s%s", i == 0 ? "  " : ", ", entry->name ? entry->name : entry->url);
    }
    vt_buf_adds(out, image->entry_count == 0 ? "  -\n" : "\n");
}

char *vt_cached_list_text(const struct vt_cached_list *list)
{
    struct vt_buf out = VT_BUF_INIT(1 << 20);

    vt_buf_addf(&out, "%-*s  %-10s  %-10s  %s\n", SHORT_DIGEST, "DIGEST", "SIZE", "USED", "IMAGE");
    for (size_t i = 0; i < list->count; i++)
        add_line(&out, &list->images[i]);
    return vt_buf_take(&out);
}

static json_object *entry_json(const struct vt_cache_entry *entry)
{
    json_object *object = json_object_new_object();

    vt_object_add_text_or_null(object, "url", entry->url);
    vt_object_add_text_or_null(object, "name", entry->name);
    vt_object_add_text_or_null(object, "checksum", entry->checksum);
    vt_object_add_number(object, "fetched", entry->fetched);
    return object;
}

static json_object *image_json(const struct vt_cached_image *image)
{
    VT_AUTO_FREE char *digest = vt_fmt(DIGEST_PREFIX "%s", image->digest);
    json_object *object = json_object_new_object(), *addresses = json_object_new_array();

    vt_object_add_text_or_null(object, "digest", digest);
    vt_object_add_text_or_null(object, "path", image->path);
    vt_object_add_number(object, "bytes", (int64_t)image->size);
    vt_object_add_number(object, "used", image->used);
    json_object_object_add(
        object, "in_use",
        image->use == VT_USE_UNKNOWN ? NULL : json_object_new_boolean(image->use == VT_USE_NOW));
    for (size_t i = 0; i < image->entry_count; i++)
        (void)json_object_array_add(addresses, entry_json(&image->entries[i]));
    json_object_object_add(object, "addresses", addresses);
    return object;
}

char *vt_cached_list_json(const struct vt_cached_list *list)
{
    json_object *array = json_object_new_array();
    char *text;

    for (size_t i = 0; i < list->count; i++)
        (void)json_object_array_add(array, image_json(&list->images[i]));
    text = vt_strdup(json_object_to_json_string_ext(
        array, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)json_object_put(array);
    return text;
}

/* --- removing --- */

static bool is_to_go(const struct vt_cached_image *image, const struct vt_prune *prune)
{
    return prune->now - image->used >= prune->unused_for &&
           !(prune->orphans_only && image->entry_count > 0);
}

/* Whether the open file @fd is the one at @path still: another, fetched anew, may have come there
 * before @fd was locked. */
static bool is_still(int fd, const char *path)
{
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

/* Returns 1 when it is gone, 0 when somebody uses it, or has put another there. */
static int remove_image(const struct vt_cached_image *image, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = open_image(image->path);

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return vt_cache_error(err, errno, "open", image->path);
    switch (use_of(fd)) {
    case VT_USE_NOW:
        return 0;
    case VT_USE_UNKNOWN:
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -ENOLCK,
                            "%s is not removed, as nobody can tell whether a guest uses it: its "
                            "file system gives no lock; remove it by hand when no guest runs",
                            image->path);
    case VT_USE_NONE:
        break;
    }
    if (!is_still(fd, image->path))
        return 0;
    return unlink(image->path) < 0 ? vt_cache_error(err, errno, "remove", image->path) : 1;
}

static int prune_images(const struct vt_cache *cache, const struct vt_prune *prune,
                        void (*told)(const struct vt_cached_image *image), struct vt_error *err)
{
    VT_AUTO_CACHED_LIST struct vt_cached_list list = {0};
    int r = vt_cached_list_read(cache, &list, err);

    for (size_t i = 0; r >= 0 && i < list.count; i++) {
        if (!is_to_go(&list.images[i], prune))
            continue;
        r = remove_image(&list.images[i], err);
        if (r > 0)
            told(&list.images[i]);
    }
    return r < 0 ? r : 0;
}

/* Where in the name of a file the mark begins that it is being written under (image/part.h), or
 * NULL. */
static const char *part_mark(const char *name)
{
    return strstr(name, ".part-");
}

/* The key that the file @name of @sub belongs to, which the caller frees: what comes before what it
 * grows or is locked under. NULL for what is none of ours. */
static char *key_of_file(const char *sub, const char *name)
{
    static const char *const suffixes[] = {".lock", ".partial", ".partial.json", ".image"};
    const char *part = part_mark(name);
    VT_AUTO_FREE char *whole = vt_strndup(name, part ? (size_t)(part - name) : strlen(name));

    if (vt_streq(sub, "index"))
        return key_of(whole, ".json");
    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        char *key = key_of(whole, suffixes[i]);

        if (key)
            return key;
    }
    return NULL;
}

/* Whether the file @name of @sub is of use: an entry that has its image. */
static bool is_of_use(const struct vt_cache *cache, const char *sub, const char *name,
                      const char *key)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};

    return vt_streq(sub, "index") && !part_mark(name) && vt_cache_look_up(cache, key, &entry) == 0;
}

/* Entries without their image say nothing; that of a download under way is not yet written. */
static int prune_file(const struct vt_cache *cache, const char *sub, const char *name,
                      const char *key, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_cache_file(cache, sub, name, "");
    VT_AUTO_FREE char *lock_path = vt_cache_file(cache, "downloads", key, ".lock");
    VT_AUTO_FREE char *holder = NULL;
    VT_AUTO_CLOSE int lock = vt_lock_take(lock_path, "prune", cache->dir, &holder);
    int r = 0;

    if (lock == -EWOULDBLOCK)
        return 0;
    if (lock < 0)
        return vt_cache_error(err, -lock, "lock", lock_path);
    if (!is_of_use(cache, sub, name, key))
        r = unlink(path) < 0 && errno != ENOENT ? vt_cache_error(err, errno, "remove", path) : 0;
    (void)unlink(lock_path);
    return r;
}

static int prune_files(const struct vt_cache *cache, const char *sub, struct vt_error *err)
{
    int r;
    VT_AUTO_CLOSEDIR DIR *dir = open_sub(cache, sub, &r, err);
    const struct dirent *file;

    while (dir && r == 0 && (file = readdir(dir))) {
        VT_AUTO_FREE char *key = key_of_file(sub, file->d_name);

        if (key)
            r = prune_file(cache, sub, file->d_name, key, err);
    }
    return r;
}

int vt_cache_prune(const struct vt_cache *cache, const struct vt_prune *prune,
                   void (*told)(const struct vt_cached_image *image), struct vt_error *err)
{
    int r = prune_images(cache, prune, told, err);

    if (r == 0)
        r = prune_files(cache, "index", err);
    if (r == 0)
        r = prune_files(cache, "downloads", err);
    return r;
}
