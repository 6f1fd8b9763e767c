/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sys/stat.h>

#include "base/object.h"
#include "base/str.h"
#include "host/boot.h"
#include "host/files.h"
#include "image/hash.h"
#include "image/part.h"

#define SUFFIX        ".partial"
#define RECORD_SUFFIX ".partial.json"

enum { RECORD_VERSION = 1, RECORD_MAX = 65536 };

void vt_partial_done(struct vt_partial *partial)
{
    vt_closep(&partial->fd);
    free(partial->path);
    free(partial->record_path);
    free(partial->validator);
    *partial = (struct vt_partial)VT_PARTIAL_INIT;
}

static int cannot_write(const struct vt_partial *partial, int errnum, struct vt_error *err)
{
    return vt_data_error(err, errnum, "cannot write the download to %s", partial->destination);
}

/* --- the record --- */

/* Only whether it is the same matters, and an address may hold a password or a signature. */
static char *url_digest(const struct vt_partial *partial)
{
    return vt_hash_text(partial->url, strlen(partial->url));
}

/* Take what the record says of the file into @partial. Returns whether it fits. */
static bool read_record(struct vt_partial *partial, bool any_boot)
{
    VT_AUTO_OBJECT json_object *object = NULL;
    VT_AUTO_FREE char *text = NULL, *boot = vt_boot_id(), *digest = url_digest(partial);
    const char *url, *validator, *then;
    int64_t total;

    if (vt_file_read(partial->record_path, RECORD_MAX, &text, NULL) < 0)
        return false;
    object = json_tokener_parse(text);
    if (!json_object_is_type(object, json_type_object) ||
        vt_object_number(object, "version", -1) != RECORD_VERSION)
        return false;
    url = vt_object_text(object, "url_digest");
    validator = vt_object_text(object, "validator");
    then = vt_object_text(object, "boot_id");
    total = vt_object_number(object, "total", -1);
    /* The validator becomes part of a request. */
    if (!url || !vt_streq(url, digest) || !validator || strpbrk(validator, "\r\n") || !then ||
        (!any_boot && !vt_streq(then, boot)) || (total >= 0 && partial->size > (uint64_t)total))
        return false;
    partial->validator = vt_strdup(validator);
    partial->total_known = total >= 0;
    partial->total = total >= 0 ? (uint64_t)total : 0;
    return true;
}

static int write_record(const struct vt_partial *partial)
{
    VT_AUTO_OBJECT json_object *object = json_object_new_object();
    VT_AUTO_FREE char *boot = vt_boot_id(), *digest = url_digest(partial), *text = NULL;

    vt_object_add_number(object, "version", RECORD_VERSION);
    vt_object_add_text(object, "url_digest", digest);
    vt_object_add_text(object, "validator", partial->validator);
    if (partial->total_known)
        vt_object_add_number(object, "total", (int64_t)partial->total);
    vt_object_add_text(object, "boot_id", boot);
    text = vt_object_record(object);
    return vt_file_write(partial->record_path, text, strlen(text), 0644, partial->path);
}

/* --- the file --- */

int vt_partial_empty(struct vt_partial *partial, struct vt_error *err)
{
    /* The file first: without its record it says nothing, but a record must never be of other
     * bytes. */
    if (ftruncate(partial->fd, 0) < 0)
        return cannot_write(partial, errno, err);
    partial->size = 0;
    partial->total = 0;
    partial->total_known = false;
    vt_str_replace(&partial->validator, NULL);
    if (unlink(partial->record_path) < 0 && errno != ENOENT)
        return cannot_write(partial, errno, err);
    return 0;
}

int vt_partial_open(const char *destination, const char *url, bool any_boot, struct vt_partial *ret,
                    struct vt_error *err)
{
    struct stat st;

    ret->destination = destination;
    ret->url = url;
    ret->path = vt_fmt("%s" SUFFIX, destination);
    ret->record_path = vt_fmt("%s" RECORD_SUFFIX, destination);
    ret->fd = open(ret->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
        return vt_data_error(err, errno, "cannot make a file for %s", destination);
    ret->size = (uint64_t)st.st_size;
    if (ret->size > 0 && read_record(ret, any_boot))
        return 0;
    return vt_partial_empty(ret, err);
}

int vt_partial_begin(struct vt_partial *partial, const char *validator, uint64_t total,
                     bool total_known, struct vt_error *err)
{
    int r = 0;

    partial->total = total;
    partial->total_known = total_known;
    vt_str_replace(&partial->validator, vt_strdup(validator));
    if (validator)
        r = write_record(partial);
    return r < 0 ? cannot_write(partial, -r, err) : 0;
}

int vt_partial_add(struct vt_partial *partial, const void *data, size_t len, struct vt_error *err)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = pwrite(partial->fd, at, len, (off_t)partial->size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_write(partial, errno, err);
        at += n;
        len -= (size_t)n;
        partial->size += (uint64_t)n;
    }
    return 0;
}

int vt_partial_finish(struct vt_partial *partial, struct vt_error *err)
{
    int r = vt_part_finish(partial->path, partial->destination, err);

    if (r == 0)
        (void)unlink(partial->record_path);
    return r;
}

void vt_partial_remove(const struct vt_partial *partial)
{
    (void)unlink(partial->path);
    (void)unlink(partial->record_path);
}

/* --- what others have left --- */

/* Whether @name is @base with one of our suffixes; @base NULL: any. */
static bool is_partial(const char *name, const char *base)
{
    static const char *const suffixes[] = {SUFFIX, RECORD_SUFFIX};
    size_t len = strlen(name);

    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        size_t n = strlen(suffixes[i]);

        if (len > n && vt_streq(name + len - n, suffixes[i]))
            return !base || (strlen(base) == len - n && strncmp(name, base, len - n) == 0);
    }
    return false;
}

void vt_partial_remove_others(const char *dir, const char *destination)
{
    VT_AUTO_CLOSEDIR DIR *stream = opendir(dir);
    const char *base = destination ? strrchr(destination, '/') : NULL;
    const struct dirent *entry;

    while (stream && (entry = readdir(stream))) {
        if (vt_part_is_name(entry->d_name) ||
            (is_partial(entry->d_name, NULL) && !(base && is_partial(entry->d_name, base + 1))))
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
    }
}

bool vt_partial_is_in(const char *dir)
{
    VT_AUTO_CLOSEDIR DIR *stream = opendir(dir);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream))) {
        if (is_partial(entry->d_name, NULL))
            return true;
    }
    return false;
}
