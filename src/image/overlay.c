/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/files.h"
#include "image/open.h"
#include "image/part.h"
#include "image/qcow2.h"
#include "image/qemu_img.h"
#include "image/record.h"

#define SECTOR UINT64_C(512)
#define MIB    (UINT64_C(1) << 20)

/* The backing file's name in the overlays of the shell virtainers. */
#define OLD_BACKING "/image"

struct work {
    const struct vt_overlay_request *request;
    const struct vt_base *base;
    char *dir;     /* the data directory, absolute */
    char *overlay; /* its overlay */
    char *record;  /* its record of the base */
};

void vt_overlay_done(struct vt_overlay *overlay)
{
    free(overlay->path);
    free(overlay->notice);
    *overlay = (struct vt_overlay){0};
}

static void work_done(struct work *work)
{
    free(work->dir);
    free(work->overlay);
    free(work->record);
}

static uint64_t in_sectors(uint64_t size)
{
    return (size + SECTOR - 1) / SECTOR * SECTOR;
}

/* @bytes as a value of DISK_SIZE that is not less. */
static char *disk_size_text(uint64_t bytes)
{
    if (bytes % (1024 * MIB) == 0)
        return vt_fmt("%" PRIu64 "G", bytes / (1024 * MIB));
    return vt_fmt("%" PRIu64 "M", (bytes + MIB - 1) / MIB);
}

static int bad_overlay(const struct work *work, struct vt_error *err, const char *why)
{
    return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                        "the overlay %s cannot be used: %s; move it away, and a new one is made",
                        work->overlay, why);
}

/* @flags are open(2)'s: O_RDWR when QEMU will want to write; nothing is written here. */
static int read_header(const struct work *work, const char *path, int flags,
                       struct vt_qcow2_header *ret, struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error parse_err = VT_ERROR_INIT;
    VT_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    uint8_t head[VT_QCOW2_READ_SIZE];
    struct stat st;
    size_t len;
    int r;

    if (fd < 0 && errno == EISDIR)
        return bad_overlay(work, err, "it is a directory");
    if (fd < 0 || fstat(fd, &st) < 0)
        return vt_data_error(err, errno, "cannot open the overlay %s for writing", path);
    if (!S_ISREG(st.st_mode))
        return bad_overlay(work, err, "it is not a file");
    r = vt_image_read_head(fd, head, sizeof(head), &len);
    if (r < 0)
        return vt_data_error(err, -r, "cannot read the overlay %s", path);
    if (vt_qcow2_parse_header(head, len, ret, &parse_err) < 0)
        return bad_overlay(work, err, parse_err.msg);
    return 0;
}

/* --- making one
 * ------------------------------------------------------------------------------------------------
 */

static int new_size(const struct work *work, uint64_t *ret, struct vt_error *err)
{
    uint64_t wanted = in_sectors(work->request->size);
    uint64_t base = work->base->virtual_size;
    VT_AUTO_FREE char *given = NULL, *has = NULL, *least = NULL;

    *ret = wanted > base ? wanted : base;
    if (!work->request->size_given || wanted >= base)
        return 0;
    given = vt_size_text(wanted);
    has = vt_size_text(base);
    least = disk_size_text(base);
    return vt_error_set(
        err, VT_CAUSE_USAGE, -EINVAL,
        "DISK_SIZE (%s) is smaller than the disk in the base image %s, which has %s; "
        "leave it out or give at least DISK_SIZE=%s",
        given, work->base->path, has, least);
}

/* Fill the temporary file @part and give it the overlay's name. */
static int fill(const struct work *work, const char *part, uint64_t size, uint64_t *ret_size,
                struct vt_error *err)
{
    struct vt_qcow2_header header = {0};
    int r;

    r = vt_qemu_img_create(part, work->base->path, work->base->format, size,
                           work->request->cancel_fd, err);
    if (r == 0)
        r = read_header(work, part, O_RDWR, &header, err);
    if (r == 0)
        r = vt_record_write(work->record, work->base, NULL, err);
    if (r < 0)
        return r;
    r = vt_part_finish(part, work->overlay, err);
    if (r < 0)
        (void)unlink(work->record);
    else
        *ret_size = header.virtual_size;
    return r;
}

static int create(const struct work *work, struct vt_overlay *overlay, struct vt_error *err)
{
    VT_AUTO_FREE char *part = NULL;
    uint64_t size = 0;
    int fd, r;

    if (!work->base)
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT, "the overlay %s is gone",
                            work->overlay);
    r = new_size(work, &size, err);
    if (r == 0 && vt_streq(work->base->format, "qcow2"))
        r = vt_qemu_img_check(work->base->path, work->request->cancel_fd, err);
    if (r < 0)
        return r;
    fd = vt_part_open(work->overlay, &part, err);
    if (fd < 0)
        return fd;
    (void)close(fd);
    r = fill(work, part, size, &overlay->virtual_size, err);
    if (r < 0)
        (void)unlink(part);
    return r;
}

/* --- using the one that is there
 * ------------------------------------------------------------------------------- */

static int other_base(const struct work *work, struct vt_error *err, const char *why)
{
    return vt_error_set(err, VT_CAUSE_OTHER_BASE, -EINVAL,
                        "the overlay %s was made on another base image than %s (%s), and would be "
                        "garbage on it; mount the original image (with it, `virtainer image "
                        "flatten` makes a disk that needs none), use another data directory, or, "
                        "if surely the same disk is in both images, accept this one with "
                        "`virtainer image rebase --unsafe`",
                        work->overlay, work->base->path, why);
}

/* "qcow2, 640 KiB, fingerprint 0a1b2c3d" */
static char *describe(const char *format, uint64_t file_size, const char *fingerprint)
{
    VT_AUTO_FREE char *size = vt_size_text(file_size);
    const char *hex = strchr(fingerprint, ':');

    return vt_fmt("%s, %s, fingerprint %.8s", format, size, hex ? hex + 1 : fingerprint);
}

static int other_name(const struct work *work, struct vt_error *err,
                      const struct vt_qcow2_header *header)
{
    VT_AUTO_FREE char *why = vt_fmt("it names %s as its base", header->backing_file);

    return other_base(work, err, why);
}

static int compare_record(const struct work *work, const struct vt_record *record,
                          const struct vt_qcow2_header *header, struct vt_error *err)
{
    const struct vt_base *base = work->base;

    if (!vt_streq(record->fingerprint, base->fingerprint) ||
        !vt_streq(record->format, base->format) || record->file_size != base->file_size ||
        record->virtual_size != base->virtual_size) {
        VT_AUTO_FREE char *then = describe(record->format, record->file_size, record->fingerprint);
        VT_AUTO_FREE char *now = describe(base->format, base->file_size, base->fingerprint);
        VT_AUTO_FREE char *why = vt_fmt("that was %s: %s; this is %s", record->path, then, now);

        return other_base(work, err, why);
    }
    /* Another overlay may have been put here without the record that belongs to it. */
    if (!vt_streq(header->backing_file, record->path) &&
        !vt_streq(header->backing_file, base->path) &&
        (!record->header_path || !vt_streq(header->backing_file, record->header_path)))
        return other_name(work, err, header);
    return 0;
}

/* An overlay of the shell virtainers, which recorded nothing: all that can be known is in its
 * header. */
static int compare_unrecorded(const struct work *work, const struct vt_qcow2_header *header,
                              struct vt_error *err)
{
    if (!vt_streq(header->backing_file, OLD_BACKING) &&
        !vt_streq(header->backing_file, work->base->path))
        return other_name(work, err, header);
    if (header->backing_format[0] && !vt_streq(header->backing_format, work->base->format)) {
        VT_AUTO_FREE char *why = vt_fmt("its base is in format %s, this one is %s",
                                        header->backing_format, work->base->format);

        return other_base(work, err, why);
    }
    if (header->virtual_size < work->base->virtual_size) {
        VT_AUTO_FREE char *has = vt_size_text(header->virtual_size);
        VT_AUTO_FREE char *needs = vt_size_text(work->base->virtual_size);
        VT_AUTO_FREE char *why = vt_fmt("its disk has %s, less than the base's %s", has, needs);

        return other_base(work, err, why);
    }
    return 0;
}

/* A disk of another size is surely another disk. */
static int compare_disk_size(const struct work *work, const struct vt_record *record,
                             const struct vt_qcow2_header *header, struct vt_error *err)
{
    uint64_t has = work->base->virtual_size;
    uint64_t wanted = record->path ? record->virtual_size : header->virtual_size;
    VT_AUTO_FREE char *has_text = NULL, *wanted_text = NULL;

    if (record->path ? has == wanted : has <= wanted)
        return 0;
    has_text = vt_size_text(has);
    wanted_text = vt_size_text(wanted);
    return vt_error_set(err, VT_CAUSE_OTHER_BASE, -EINVAL,
                        "the overlay %s cannot be on %s, whose disk has %s (%" PRIu64 " bytes): "
                        "%s %s (%" PRIu64 " bytes); mount the original image, or use another data "
                        "directory",
                        work->overlay, work->base->path, has_text, has,
                        record->path ? "it was made on one of" : "its own has only", wanted_text,
                        wanted);
}

/* @record is without a path where nothing was recorded. */
static int compare_base(const struct work *work, const struct vt_record *record,
                        const struct vt_qcow2_header *header, struct vt_overlay *overlay,
                        struct vt_error *err)
{
    VT_AUTO_ERROR struct vt_error other = VT_ERROR_INIT;
    int r = record->path ? compare_record(work, record, header, &other)
                         : compare_unrecorded(work, header, &other);

    if (r < 0 && work->request->accept_base) {
        overlay->rebased = true;
        r = compare_disk_size(work, record, header, err);
        if (r == 0 && vt_streq(work->base->format, "qcow2"))
            r = vt_qemu_img_check(work->base->path, work->request->cancel_fd, err);
        return r;
    }
    if (r < 0)
        vt_error_move(err, &other);
    return r;
}

/* What can be told from the header alone. */
static int check_header(const struct work *work, const struct vt_qcow2_header *header,
                        struct vt_error *err)
{
    if (header->corrupt)
        return vt_error_set(err, VT_CAUSE_BAD_IMAGE, -EINVAL,
                            "the overlay %s is marked as corrupt by QEMU; make a copy of it, run "
                            "`qemu-img check -r all` on the copy and put that in its place",
                            work->overlay);
    if (header->external_data)
        return bad_overlay(work, err, "it keeps its data in another file");
    if (header->encrypted)
        return bad_overlay(work, err, "it is encrypted");
    return 0;
}

/* Either may be NULL. */
/*
 * Make record and header say what is so now. The content was found to be the same, or the person
 * says so (@rebased), so that another path is fine; libvirt gets the whole chain from us, and the
 * header is for a person with qemu-img. The record comes first and remembers what the header says:
 * killed between the two, the next start knows the overlay on whatever path. So it does after a
 * start that resumes, which leaves the header to a later one: saved memory fits the overlay as it
 * is.
 */
static int update(const struct work *work, const struct vt_record *record,
                  const struct vt_qcow2_header *header, bool rebased, struct vt_error *err)
{
    const struct vt_base *base = work->base;
    /* As its content is the same, it is still from where it once came. */
    struct vt_base known = *base;
    bool same_name = vt_streq(header->backing_file, base->path);
    int r = 0;

    if (!base->source && !rebased) {
        known.source = record->source;
        known.checksum = record->checksum;
        known.download = record->download;
    }
    if (!base->name && !rebased)
        known.name = record->name;
    if (rebased || record->flattened || !record->path || !vt_streq(record->path, base->path) ||
        !vt_streq_null(known.source, record->source) ||
        !vt_streq_null(known.checksum, record->checksum) ||
        !vt_streq_null(known.name, record->name) ||
        !vt_streq_null(known.download, record->download))
        r = vt_record_write(work->record, &known, same_name ? NULL : header->backing_file, err);
    if (work->request->keep && !rebased)
        return r;
    if (r == 0 && (!same_name || !vt_streq(header->backing_format, base->format)))
        r = vt_qemu_img_rebase(work->overlay, base->path, base->format, work->request->cancel_fd,
                               err);
    return r;
}

/* An overlay that names no base is ours if it was flattened, and else something else that somebody
 * put here. */
static int check_alone(const struct work *work, const struct vt_record *record,
                       struct vt_error *err)
{
    if (record->flattened)
        return 0;
    return vt_error_set(err, VT_CAUSE_OTHER_BASE, -EINVAL,
                        "%s is a whole image and no overlay; mount it as the base image (/image) "
                        "and use another data directory",
                        work->overlay);
}

/* Compare with the base and tell it where it differs. */
static int fit_base(const struct work *work, const struct vt_record *record,
                    const struct vt_qcow2_header *header, struct vt_overlay *overlay,
                    struct vt_error *err)
{
    int r;

    if (!header->has_backing)
        return check_alone(work, record, err);
    if (!work->base)
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT, "the overlay %s needs its base image",
                            work->overlay);
    r = compare_base(work, record, header, overlay, err);
    return r < 0 ? r : update(work, record, header, overlay->rebased, err);
}

static int compare_size(const struct work *work, uint64_t has, struct vt_error *err)
{
    uint64_t wanted = in_sectors(work->request->size);
    VT_AUTO_FREE char *given = NULL, *there = NULL, *same = NULL;

    if (!work->request->size_given || wanted >= has)
        return 0;
    given = vt_size_text(wanted);
    there = vt_size_text(has);
    same = disk_size_text(has);
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                        "DISK_SIZE (%s) is smaller than the overlay %s, which has %s and is not "
                        "shrunk; leave it out, give DISK_SIZE=%s or use another data directory",
                        given, work->overlay, there, same);
}

/* To a larger DISK_SIZE, @overlay being as its header says. */
static int grow(const struct work *work, struct vt_overlay *overlay, struct vt_error *err)
{
    uint64_t wanted = in_sectors(work->request->size), has = overlay->virtual_size;
    int r;

    if (!work->request->size_given || wanted <= has)
        return 0;
    if (work->request->keep) {
        VT_AUTO_FREE char *given = vt_size_text(wanted);
        VT_AUTO_FREE char *there = vt_size_text(has);

        vt_str_replace(&overlay->notice,
                       vt_fmt("the overlay %s keeps its size of %s, because the guest goes "
                              "on where it was saved: it grows to DISK_SIZE (%s) at the next start "
                              "that boots the guest",
                              work->overlay, there, given));
        return 0;
    }
    r = vt_qemu_img_grow(work->overlay, wanted, work->request->cancel_fd, err);
    if (r < 0)
        return r;
    overlay->virtual_size = wanted;
    overlay->grown_from = has;
    return 0;
}

static int reuse(const struct work *work, struct vt_overlay *overlay, struct vt_error *err)
{
    VT_AUTO_RECORD struct vt_record record = {0};
    struct vt_qcow2_header header = {0};
    int r;

    r = read_header(work, work->overlay, O_RDWR, &header, err);
    if (r == 0)
        r = check_header(work, &header, err);
    if (r < 0)
        return r;
    r = vt_record_read(work->record, &record, err);
    if (r < 0 && r != -ENOENT)
        return r;
    r = compare_size(work, header.virtual_size, err);
    if (r == 0)
        r = fit_base(work, &record, &header, overlay, err);
    if (r < 0)
        return r;
    if (!record.path && !overlay->rebased)
        overlay->notice = vt_fmt("the overlay %s had no record of its base image; it is taken to "
                                 "belong to %s from now on",
                                 work->overlay, work->base->path);
    overlay->virtual_size = header.virtual_size;
    overlay->reused = true;
    /* Last, as qemu-img follows the header to the base. */
    return grow(work, overlay, err);
}

static int check_data_dir(const char *dir, struct vt_error *err)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return vt_data_error(err, errno, "cannot use the data directory %s", dir);
    if (!S_ISDIR(st.st_mode))
        return vt_data_error(err, ENOTDIR, "cannot use the data directory %s", dir);
    return 0;
}

static int prepare(const struct work *work, struct vt_overlay *overlay, struct vt_error *err)
{
    VT_AUTO_FREE char *state = NULL;
    int r = vt_state_dir(work->dir, NULL, &state, err);

    if (r < 0)
        return r;
    vt_part_remove_leftovers(work->overlay);
    vt_part_remove_leftovers(work->record);
    return vt_path_exists(work->overlay) ? reuse(work, overlay, err) : create(work, overlay, err);
}

int vt_overlay_prepare(const struct vt_overlay_request *request, struct vt_overlay *ret,
                       struct vt_error *err)
{
    VT_AUTO_OVERLAY struct vt_overlay overlay = {0};
    VT_CLEANUP(work_done)
    struct work work = {
        .request = request,
        .base = request->base,
        .dir = vt_image_absolute(request->data_dir),
    };
    int r;

    work.overlay = vt_fmt("%s/" VT_OVERLAY_NAME, work.dir);
    work.record = vt_fmt("%s/.virtainer/base.json", work.dir);
    r = check_data_dir(work.dir, err);
    if (r < 0)
        return r;
    r = prepare(&work, &overlay, err);
    if (r < 0) {
        vt_state_dir_prune(work.dir);
        return r;
    }
    overlay.path = vt_strdup(work.overlay);
    *ret = overlay;
    overlay = (struct vt_overlay){0};
    return 0;
}

bool vt_overlay_stands_alone(const char *data_dir)
{
    VT_CLEANUP(work_done) struct work work = {.dir = vt_image_absolute(data_dir)};
    VT_AUTO_RECORD struct vt_record record = {0};
    struct vt_qcow2_header header = {0};

    work.overlay = vt_fmt("%s/" VT_OVERLAY_NAME, work.dir);
    work.record = vt_fmt("%s/.virtainer/base.json", work.dir);
    return read_header(&work, work.overlay, O_RDONLY, &header, NULL) == 0 && !header.has_backing &&
           vt_record_read(work.record, &record, NULL) == 0 && record.flattened;
}
