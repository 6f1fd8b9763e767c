/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/info.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sys/stat.h>

#include "base/object.h"
#include "base/str.h"
#include "image/fingerprint.h"
#include "image/open.h"
#include "image/qcow2.h"

/* What st_blocks counts. */
enum { BLOCK = 512, SCHEMA_VERSION = 1 };

static const struct {
    const char *name;
    const char *text; /* after what the base is */
} states[] = {
    [VT_BASE_UNCHANGED] = {"unchanged", "unchanged since the overlay was made"},
    [VT_BASE_CHANGED] = {"changed",
                         "CHANGED: not what the overlay was made on, and the guest would "
                         "find garbage; bring back the original image, or see "
                         "virtainer image --help for rebase"},
    [VT_BASE_MISSING] = {"missing", "not here: mount it to start the guest"},
    [VT_BASE_UNREADABLE] = {"unreadable", "cannot be read here"},
    [VT_BASE_UNKNOWN] = {"unknown", "not recorded yet: the next start does that"},
    [VT_BASE_NONE] = {"none", "not needed any more: the overlay was flattened"},
};
_Static_assert(VT_ARRAY_SIZE(states) == VT_BASE_STATE_MAX_, "every state has a row");

const char *vt_base_state_name(enum vt_base_state state)
{
    return states[state].name;
}

void vt_image_info_done(struct vt_image_info *info)
{
    free(info->overlay);
    vt_record_done(&info->record);
    *info = (struct vt_image_info){0};
}

static int read_header(const char *path, struct vt_image_info *info, struct vt_qcow2_header *header,
                       struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error parse_err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    uint8_t head[VT_QCOW2_READ_SIZE];
    struct stat st;
    size_t len = 0;
    int r;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                            "there is no overlay at %s: the first start makes one", path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, errno, "cannot open the overlay %s", path);
    r = vt_image_read_head(fd, head, sizeof(head), &len);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_DATA_DIR, -r, "cannot read the overlay %s", path);
    if (vt_qcow2_parse_header(head, len, header, &parse_err) < 0)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL, "the overlay %s is damaged: %s", path,
                            parse_err.msg);
    info->disk_size = header->virtual_size;
    info->overlay_size = (uint64_t)st.st_blocks * BLOCK;
    return 0;
}

static enum vt_base_state compare(const struct vt_record *record)
{
    VT_AUTO_FREE char *fingerprint = NULL;
    uint64_t size = 0;
    VT_AUTO_CLOSE int fd = vt_image_open(record->path, &size, NULL);

    if (fd == -ENOENT || fd == -ENOTDIR)
        return VT_BASE_MISSING;
    if (fd < 0)
        return VT_BASE_UNREADABLE;
    if (size != record->file_size)
        return VT_BASE_CHANGED;
    if (vt_fingerprint(fd, size, &fingerprint) < 0)
        return VT_BASE_UNREADABLE;
    return vt_streq(fingerprint, record->fingerprint) ? VT_BASE_UNCHANGED : VT_BASE_CHANGED;
}

/* .virtainer/base.json beside the overlay @path. */
static char *record_path(const char *path)
{
    const char *slash = strrchr(path, '/');

    return vt_fmt("%.*s/.virtainer/base.json", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

static int read_record(const char *path, const struct vt_qcow2_header *header,
                       struct vt_image_info *info, struct vt_error *err)
{
    VT_AUTO_FREE char *record = record_path(path);
    int r = vt_record_read(record, &info->record, err);

    if (r == 0 && info->record.flattened && !header->has_backing)
        info->state = VT_BASE_NONE;
    else if (r == 0)
        info->state = compare(&info->record);
    if (r != -ENOENT)
        return r;
    info->state = VT_BASE_UNKNOWN;
    if (header->has_backing)
        info->record.path = vt_strdup(header->backing_file);
    if (header->backing_format[0])
        info->record.format = vt_strdup(header->backing_format);
    return 0;
}

int vt_image_info_read(const char *path, struct vt_image_info *ret, struct vt_error *err)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};
    struct vt_qcow2_header header = {0};
    int r = read_header(path, &info, &header, err);

    if (r == 0)
        r = read_record(path, &header, &info, err);
    if (r < 0)
        return r;
    info.overlay = vt_strdup(path);
    *ret = info;
    info = (struct vt_image_info){0};
    return 0;
}

static void add_base(struct vt_buf *out, const struct vt_image_info *info)
{
    const struct vt_record *record = &info->record;

    vt_buf_addf(out, "base      %s", record->path ? record->path : "none");
    if (record->format)
        vt_buf_addf(out, ": %s", record->format);
    if (info->state != VT_BASE_UNKNOWN) {
        VT_AUTO_FREE char *file = vt_size_text(record->file_size);
        VT_AUTO_FREE char *disk = vt_size_text(record->virtual_size);

        vt_buf_addf(out, ", %s with a disk of %s\n          %s", file, disk, record->fingerprint);
    }
    vt_buf_addf(out, "\n          %s\n", states[info->state].text);
}

char *vt_image_info_text(const struct vt_image_info *info)
{
    VT_AUTO_FREE char *disk = vt_size_text(info->disk_size);
    VT_AUTO_FREE char *size = vt_size_text(info->overlay_size);
    struct vt_buf out = VT_BUF_INIT(65536);

    vt_buf_addf(&out, "overlay   %s: a disk of %s, takes %s\n", info->overlay, disk, size);
    add_base(&out, info);
    if (info->record.name)
        vt_buf_addf(&out, "name      %s\n", info->record.name);
    if (info->record.source)
        vt_buf_addf(&out, "source    %s\n", info->record.source);
    if (info->record.checksum)
        vt_buf_addf(&out, "checksum  %s\n", info->record.checksum);
    return vt_buf_take(&out);
}

static json_object *base_json(const struct vt_image_info *info)
{
    const struct vt_record *record = &info->record;
    json_object *base = json_object_new_object();

    vt_object_add_text_or_null(base, "path", record->path);
    vt_object_add_text_or_null(base, "format", record->format);
    vt_object_add_number(base, "file_bytes", (int64_t)record->file_size);
    vt_object_add_number(base, "disk_bytes", (int64_t)record->virtual_size);
    vt_object_add_text_or_null(base, "fingerprint", record->fingerprint);
    vt_object_add_text_or_null(base, "state", states[info->state].name);
    vt_object_add_text_or_null(base, "source", record->source);
    vt_object_add_text_or_null(base, "checksum", record->checksum);
    vt_object_add_text_or_null(base, "name", record->name);
    return base;
}

char *vt_image_info_json(const struct vt_image_info *info)
{
    json_object *object = json_object_new_object(), *overlay = json_object_new_object();
    char *text;

    vt_object_add_number(object, "version", SCHEMA_VERSION);
    vt_object_add_text_or_null(overlay, "path", info->overlay);
    vt_object_add_number(overlay, "disk_bytes", (int64_t)info->disk_size);
    vt_object_add_number(overlay, "allocated_bytes", (int64_t)info->overlay_size);
    json_object_object_add(object, "overlay", overlay);
    json_object_object_add(object, "base", base_json(info));
    text = vt_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_SPACED |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)json_object_put(object);
    return text;
}
