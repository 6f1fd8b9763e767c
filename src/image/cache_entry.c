/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/cache_entry.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/object.h"
#include "base/str.h"
#include "base/text.h"

enum { ENTRY_VERSION = 1 };

#define DIGEST_PREFIX "sha256:"

void vt_cache_entry_done(struct vt_cache_entry *entry)
{
    free(entry->url);
    free(entry->name);
    free(entry->etag);
    free(entry->checksum);
    free(entry->keyring);
    *entry = (struct vt_cache_entry){0};
}

bool vt_is_sha256(const char *text)
{
    return strlen(text) == VT_SHA256_DIGITS && strspn(text, "0123456789abcdef") == VT_SHA256_DIGITS;
}

/* The text @name in *@ret, NULL if there is none. Returns false for what is no line of text: it is
 * shown to people, and an ETag becomes part of a request. */
static bool take_text(json_object *object, const char *name, char **ret)
{
    json_object *value = NULL;
    const char *text;

    *ret = NULL;
    if (!json_object_object_get_ex(object, name, &value))
        return true;
    if (!json_object_is_type(value, json_type_string))
        return false;
    text = json_object_get_string(value);
    if (vt_text_has_control(text, (size_t)json_object_get_string_len(value), false))
        return false;
    *ret = vt_strdup(text);
    return true;
}

static bool take_digest(json_object *object, char ret[VT_SHA256_DIGITS + 1])
{
    VT_AUTO_FREE char *text = NULL;

    if (!take_text(object, "digest", &text) || !text || !vt_startswith(text, DIGEST_PREFIX) ||
        !vt_is_sha256(text + strlen(DIGEST_PREFIX)))
        return false;
    memcpy(ret, text + strlen(DIGEST_PREFIX), VT_SHA256_DIGITS + 1);
    return true;
}

static bool read_entry(json_object *object, struct vt_cache_entry *entry)
{
    int64_t download = vt_object_number(object, "download_bytes", -1);
    int64_t image = vt_object_number(object, "image_bytes", -1);

    if (!take_text(object, "url", &entry->url) || !take_text(object, "name", &entry->name) ||
        !take_text(object, "etag", &entry->etag) ||
        !take_text(object, "checksum", &entry->checksum) ||
        !take_text(object, "keyring", &entry->keyring) || !take_digest(object, entry->digest) ||
        !entry->url || download < 0 || image < 0)
        return false;
    entry->download_size = (uint64_t)download;
    entry->image_size = (uint64_t)image;
    entry->last_modified = vt_object_number(object, "last_modified", -1);
    entry->fetched = vt_object_number(object, "fetched", 0);
    return true;
}

int vt_cache_entry_parse(const char *text, size_t len, struct vt_cache_entry *ret)
{
    VT_AUTO_CACHE_ENTRY struct vt_cache_entry entry = {0};
    VT_AUTO_OBJECT json_object *object = NULL;

    if (len > VT_CACHE_ENTRY_MAX || strlen(text) != len)
        return -EINVAL;
    object = json_tokener_parse(text);
    if (!json_object_is_type(object, json_type_object) ||
        vt_object_number(object, "version", 0) != ENTRY_VERSION || !read_entry(object, &entry))
        return -EINVAL;
    *ret = entry;
    entry = (struct vt_cache_entry){0};
    return 0;
}

char *vt_cache_entry_text(const struct vt_cache_entry *entry)
{
    VT_AUTO_OBJECT json_object *object = json_object_new_object();
    VT_AUTO_FREE char *digest = vt_fmt(DIGEST_PREFIX "%s", entry->digest);

    vt_object_add_number(object, "version", ENTRY_VERSION);
    vt_object_add_text(object, "url", entry->url);
    vt_object_add_text(object, "name", entry->name);
    vt_object_add_text(object, "etag", entry->etag);
    if (entry->last_modified >= 0)
        vt_object_add_number(object, "last_modified", entry->last_modified);
    vt_object_add_text(object, "checksum", entry->checksum);
    vt_object_add_text(object, "keyring", entry->keyring);
    vt_object_add_text(object, "digest", digest);
    vt_object_add_number(object, "download_bytes", (int64_t)entry->download_size);
    vt_object_add_number(object, "image_bytes", (int64_t)entry->image_size);
    vt_object_add_number(object, "fetched", entry->fetched);
    return vt_object_record(object);
}
