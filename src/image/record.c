/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/record.h"

#include <errno.h>
#include <json-c/json.h>
#include <libgen.h>

#include "base/str.h"
#include "host/files.h"
#include "image/part.h"

enum { RECORD_VERSION = 1, RECORD_MAX = 65536 };

void vt_record_done(struct vt_record *record)
{
    free(record->path);
    free(record->header_path);
    free(record->format);
    free(record->fingerprint);
    free(record->source);
    free(record->checksum);
    free(record->name);
    free(record->download);
    *record = (struct vt_record){0};
}

static void put_json(json_object **object)
{
    json_object_put(*object);
}

static int get_text(json_object *object, const char *name, char **ret)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return -EINVAL;
    *ret = vt_strdup(json_object_get_string(value));
    return 0;
}

static int get_number(json_object *object, const char *name, uint64_t *ret)
{
    json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
        return -EINVAL;
    *ret = (uint64_t)json_object_get_int64(value);
    return 0;
}

static bool get_flag(json_object *object, const char *name)
{
    json_object *value = NULL;

    return json_object_object_get_ex(object, name, &value) &&
           json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static int parse(const char *text, struct vt_record *record)
{
    VT_CLEANUP(put_json) json_object *object = json_tokener_parse(text);
    uint64_t version = 0;

    if (!json_object_is_type(object, json_type_object) ||
        get_number(object, "version", &version) < 0 || version != RECORD_VERSION)
        return -EINVAL;
    if (get_text(object, "path", &record->path) < 0 ||
        get_text(object, "format", &record->format) < 0 ||
        get_text(object, "fingerprint", &record->fingerprint) < 0 ||
        get_number(object, "file_size", &record->file_size) < 0 ||
        get_number(object, "virtual_size", &record->virtual_size) < 0)
        return -EINVAL;
    (void)get_text(object, "header_path", &record->header_path);
    (void)get_text(object, "source", &record->source);
    (void)get_text(object, "checksum", &record->checksum);
    (void)get_text(object, "name", &record->name);
    record->flattened = get_flag(object, "flattened");
    (void)get_text(object, "download", &record->download);
    return 0;
}

int vt_record_read(const char *path, struct vt_record *ret, struct vt_error *err)
{
    VT_AUTO_RECORD struct vt_record record = {0};
    VT_AUTO_FREE char *text = NULL;
    int r = vt_file_read(path, RECORD_MAX, &text, NULL);

    if (r == -ENOENT)
        return r;
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot read %s", path);
    if (parse(text, &record) < 0)
        return vt_error_set(err, VT_CAUSE_DATA_DIR, -EINVAL,
                            "%s is damaged, or a newer virtainer wrote it; if the overlay beside "
                            "it was surely made on this base image, remove that file",
                            path);
    *ret = record;
    record = (struct vt_record){0};
    return 0;
}

static void put_text(json_object *object, const char *name, const char *value)
{
    if (value)
        json_object_object_add(object, name, json_object_new_string(value));
}

static int write_record(const char *path, const struct vt_record *record, struct vt_error *err)
{
    VT_CLEANUP(put_json) json_object *object = json_object_new_object();
    VT_AUTO_FREE char *parent = vt_strdup(path);
    VT_AUTO_FREE char *text = NULL;
    int r;

    json_object_object_add(object, "version", json_object_new_int(RECORD_VERSION));
    json_object_object_add(object, "path", json_object_new_string(record->path));
    json_object_object_add(object, "format", json_object_new_string(record->format));
    json_object_object_add(object, "file_size", json_object_new_uint64(record->file_size));
    json_object_object_add(object, "virtual_size", json_object_new_uint64(record->virtual_size));
    json_object_object_add(object, "fingerprint", json_object_new_string(record->fingerprint));
    put_text(object, "header_path", record->header_path);
    put_text(object, "source", record->source);
    put_text(object, "checksum", record->checksum);
    put_text(object, "name", record->name);
    put_text(object, "download", record->download);
    if (record->flattened)
        json_object_object_add(object, "flattened", json_object_new_boolean(true));
    text = vt_fmt("%s\n", json_object_to_json_string_ext(
                              object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    r = vt_file_write(path, text, strlen(text), 0644, dirname(parent));
    return r < 0 ? vt_data_error(err, -r, "cannot write %s", path) : 0;
}

int vt_record_write(const char *path, const struct vt_base *base, const char *header_path,
                    struct vt_error *err)
{
    VT_AUTO_FREE char *format = vt_strdup(base->format);
    VT_AUTO_FREE char *header = vt_strdup(header_path);
    const struct vt_record record = {
        .path = base->path,
        .header_path = header,
        .format = format,
        .file_size = base->file_size,
        .virtual_size = base->virtual_size,
        .fingerprint = base->fingerprint,
        .source = base->source,
        .checksum = base->checksum,
        .name = base->name,
        .download = base->download,
    };

    return write_record(path, &record, err);
}

int vt_record_set_flattened(const char *path, const struct vt_record *record, struct vt_error *err)
{
    struct vt_record changed = *record;

    changed.flattened = true;
    return write_record(path, &changed, err);
}
