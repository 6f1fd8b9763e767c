/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/record.h"

#include <errno.h>
#include <json-c/json.h>
#include <libgen.h>

#include "base/object.h"
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

static int get_text(const json_object *object, const char *name, char **ret)
{
    const char *value = vt_object_text(object, name);

    if (!value)
        return -EINVAL;
    *ret = vt_strdup(value);
    return 0;
}

static int get_number(const json_object *object, const char *name, uint64_t *ret)
{
    int64_t value = vt_object_number(object, name, -1);

    if (value < 0)
        return -EINVAL;
    *ret = (uint64_t)value;
    return 0;
}

static int parse(const char *text, struct vt_record *record)
{
    VT_AUTO_OBJECT json_object *object = json_tokener_parse(text);
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
    record->flattened = vt_object_flag(object, "flattened");
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

static int write_record(const char *path, const struct vt_record *record, struct vt_error *err)
{
    VT_AUTO_OBJECT json_object *object = json_object_new_object();
    VT_AUTO_FREE char *parent = vt_strdup(path);
    VT_AUTO_FREE char *text = NULL;
    int r;

    vt_object_add_number(object, "version", RECORD_VERSION);
    vt_object_add_text(object, "path", record->path);
    vt_object_add_text(object, "format", record->format);
    vt_object_add_number(object, "file_size", (int64_t)record->file_size);
    vt_object_add_number(object, "virtual_size", (int64_t)record->virtual_size);
    vt_object_add_text(object, "fingerprint", record->fingerprint);
    vt_object_add_text(object, "header_path", record->header_path);
    vt_object_add_text(object, "source", record->source);
    vt_object_add_text(object, "checksum", record->checksum);
    vt_object_add_text(object, "name", record->name);
    vt_object_add_text(object, "download", record->download);
    if (record->flattened)
        json_object_object_add(object, "flattened", json_object_new_boolean(true));
    text = vt_object_record(object);
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
