/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/qemu_img.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "base/object.h"
#include "base/str.h"
#include "host/spawn.h"

/* Generous: only a broken disk or network file system takes longer. */
enum { QUICK_MS = 60 * 1000, CHECK_MS = 10 * 60 * 1000 };

/* The exit statuses of `qemu-img check` that are no damage, qemu-img(1). */
enum { CHECK_FINE = 0, CHECK_LEAKS = 3 };

/* The first line of what qemu-img said, without its name. */
static char *first_line(const struct vt_buf *said)
{
    static const char *const prefixes[] = {"qemu-img: ", "ERROR: ", "ERROR "};
    const char *s = vt_buf_str(said);

    for (size_t i = 0; i < VT_ARRAY_SIZE(prefixes); i++) {
        if (vt_startswith(s, prefixes[i]))
            s += strlen(prefixes[i]);
    }
    return *s ? vt_strndup(s, strcspn(s, "\n")) : vt_strdup("qemu-img gave no reason");
}

/*
 * Set @err to "@what: the reason". A full file system is recognised by strerror's texts, because
 * qemu-img tells everything in words.
 */
static int failed(struct vt_error *err, enum vt_cause cause, const char *what,
                  const struct vt_buf *said)
{
    VT_AUTO_FREE char *line = first_line(said);

    if (strstr(vt_buf_str(said), strerror(ENOSPC)) || strstr(vt_buf_str(said), strerror(EDQUOT)))
        return vt_error_set(err, VT_CAUSE_DATA_FULL, -ENOSPC,
                            "%s: %s; free some space there or use another data directory", what,
                            line);
    return vt_error_set(err, cause, -EIO, "%s: %s", what, line);
}

int vt_qemu_img_create(const char *path, const char *backing, const char *format, uint64_t size,
                       int cancel_fd, struct vt_error *err)
{
    VT_AUTO_FREE char *size_text = vt_fmt("%" PRIu64, size);
    VT_AUTO_FREE char *what = vt_fmt("cannot make an overlay on %s", backing);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    const char *argv[] = {"qemu-img", "create", "-q",   "-f", "qcow2",   "-b",
                          backing,    "-F",     format, path, size_text, NULL};
    int r = vt_run(argv, NULL, &said, cancel_fd, QUICK_MS, err);

    return r > 0 ? failed(err, VT_CAUSE_DATA_DIR, what, &said) : r;
}

int vt_qemu_img_check(const char *path, int cancel_fd, struct vt_error *err)
{
    VT_AUTO_FREE char *what =
        vt_fmt("the qcow2 image %s is damaged or was cut short; get it anew", path);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    const char *argv[] = {"qemu-img", "check", "-q", "-f", "qcow2", path, NULL};
    int r = vt_run(argv, NULL, &said, cancel_fd, CHECK_MS, err);

    if (r == CHECK_LEAKS)
        return CHECK_FINE;
    return r > 0 ? failed(err, VT_CAUSE_BAD_IMAGE, what, &said) : r;
}

/* The member @name of @object, or NULL; also when @object is no object. */
static json_object *member(json_object *object, const char *name)
{
    json_object *ret = NULL;

    if (json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, name, &ret);
    return ret;
}

/* Whether an image described by @info reads anything but @path: a VMDK may name any file as an
 * extent. */
static bool needs_others(json_object *info, const char *path)
{
    json_object *extents = member(member(member(info, "format-specific"), "data"), "extents");

    if (member(info, "backing-filename"))
        return true;
    if (!json_object_is_type(extents, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(extents); i++) {
        const char *name =
            json_object_get_string(member(json_object_array_get_idx(extents, i), "filename"));

        if (!name || !vt_streq(name, path))
            return true;
    }
    return false;
}

int vt_qemu_img_size(const char *path, const char *format, int cancel_fd, uint64_t *ret,
                     struct vt_error *err)
{
    VT_AUTO_FREE char *what = vt_fmt("%s cannot be read as a %s image", path, format);
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(1 << 20);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    VT_AUTO_OBJECT json_object *info = NULL;
    const char *argv[] = {"qemu-img", "info", "--output=json", "-f", format, path, NULL};
    int r = vt_run(argv, &out, &said, cancel_fd, QUICK_MS, err);
    json_object *size;

    if (r != 0)
        return r > 0 ? failed(err, VT_CAUSE_BAD_IMAGE, what, &said) : r;
    info = json_tokener_parse(vt_buf_str(&out));
    size = member(info, "virtual-size");
    if (!json_object_is_type(size, json_type_int) || json_object_get_int64(size) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO,
                            "qemu-img does not tell the virtual size of %s", path);
    if (needs_others(info, path))
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EPERM,
                            "%s names other files that it needs, and a base image could read any "
                            "file so; make one file of it with `qemu-img convert -O qcow2`",
                            path);
    *ret = (uint64_t)json_object_get_int64(size);
    return 0;
}

int vt_qemu_img_rebase(const char *path, const char *backing, const char *format, int cancel_fd,
                       struct vt_error *err)
{
    VT_AUTO_FREE char *what = vt_fmt("cannot write the backing file's name into %s", path);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    const char *argv[] = {"qemu-img", "rebase", "-q", "-u",   "-f", "qcow2",
                          "-b",       backing,  "-F", format, path, NULL};
    int r = vt_run(argv, NULL, &said, cancel_fd, QUICK_MS, err);

    return r > 0 ? failed(err, VT_CAUSE_DATA_DIR, what, &said) : r;
}

int vt_qemu_img_grow(const char *path, uint64_t size, int cancel_fd, struct vt_error *err)
{
    VT_AUTO_FREE char *size_text = vt_fmt("%" PRIu64, size);
    VT_AUTO_FREE char *what = vt_fmt("cannot grow %s to DISK_SIZE", path);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    const char *argv[] = {"qemu-img", "resize", "-q", "-f", "qcow2", path, size_text, NULL};
    int r = vt_run(argv, NULL, &said, cancel_fd, QUICK_MS, err);

    return r > 0 ? failed(err, VT_CAUSE_DATA_DIR, what, &said) : r;
}

int vt_qemu_img_measure(const char *path, const char *format, int cancel_fd, uint64_t *ret,
                        struct vt_error *err)
{
    VT_AUTO_FREE char *what = vt_fmt("cannot measure %s", path);
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    VT_AUTO_OBJECT json_object *measured = NULL;
    const char *argv[] = {"qemu-img", "measure", "--output=json", "-f", "qcow2", "-O", format,
                          path,       NULL};
    int r = vt_run(argv, &out, &said, cancel_fd, CHECK_MS, err);
    json_object *required;

    if (r != 0)
        return r > 0 ? failed(err, VT_CAUSE_BAD_IMAGE, what, &said) : r;
    measured = json_tokener_parse(vt_buf_str(&out));
    required = member(measured, "required");
    if (!json_object_is_type(required, json_type_int) || json_object_get_int64(required) < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "qemu-img does not measure %s", path);
    *ret = (uint64_t)json_object_get_int64(required);
    return 0;
}

/* While qemu-img converts: what it prints, and who wants to know. */
struct watch {
    const struct vt_buf *out;
    const struct vt_progress *progress;
    uint64_t size;
};

/* `qemu-img convert -p` prints "    (12.34/100%)" again and again (util/qemu-progress.c). */
static void on_tick(void *data)
{
    const struct watch *watch = data;
    const char *last = strrchr(vt_buf_str(watch->out), '(');
    double percent = last ? strtod(last + 1, NULL) : 0;

    if (percent >= 0 && percent <= 100)
        vt_progress_step(watch->progress, "writing",
                         (uint64_t)((double)watch->size * percent / 100), watch->size);
}

int vt_qemu_img_convert(const struct vt_conversion *conversion, int cancel_fd,
                        const struct vt_progress *progress, struct vt_error *err)
{
    VT_AUTO_FREE char *what = vt_fmt("cannot write %s", conversion->to);
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);
    VT_AUTO_BUF struct vt_buf said = VT_BUF_INIT(4096);
    struct watch watch = {&out, progress, conversion->size};
    const struct vt_tick tick = {250, on_tick, &watch};
    const char *argv[] = {"qemu-img",         "convert", "-p", "-f", "qcow2", "-O",
                          conversion->format, NULL,      NULL, NULL, NULL};
    size_t n = 7;
    int r;

    if (conversion->compress)
        argv[n++] = "-c";
    argv[n++] = conversion->from;
    argv[n] = conversion->to;
    r = vt_run_long(argv, &out, &said, cancel_fd, &tick, err);
    return r > 0 ? failed(err, VT_CAUSE_DATA_DIR, what, &said) : r;
}
