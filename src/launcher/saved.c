/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <sys/stat.h>
#include <time.h>

#include "base/object.h"
#include "base/str.h"
#include "host/boot.h"
#include "host/files.h"
#include "image/fingerprint.h"

#define RECORD_VERSION 1
#define RECORD_MAX     65536

#define SAVING    "saving"
#define SAVED     "saved"
#define RESUMING  "resuming"
#define SPENT     "spent"
#define SET_ASIDE "set-aside"
#define MEMORY    "memory"
#define RECORD    "state.json"
#define BOOT      "boot-id"

void vt_saved_done(struct vt_saved *saved)
{
    free(saved->dir);
    free(saved->memory);
    free(saved->reason);
    free(saved->cidr);
    *saved = (struct vt_saved){0};
}

static int fail(struct vt_error *err, int errnum, const char *what, const char *path)
{
    bool full = errnum == ENOSPC || errnum == EDQUOT;

    return vt_error_errno(err, full ? VT_CAUSE_DATA_FULL : VT_CAUSE_DATA_DIR, errnum,
                          "cannot %s %s", what, path);
}

/* rename that lasts: the directory above is synced. */
static int move(const char *from, const char *to, const struct vt_data_dir *data)
{
    if (rename(from, to) < 0)
        return -errno;
    return vt_path_sync(data->state);
}

/* ---- the overlay that the memory belongs to ---- */

struct overlay_mark {
    uint64_t size;
    int64_t changed;    /* seconds since 1970… */
    int64_t changed_ns; /* …and nanoseconds, which copies and archives may leave out: then 0 */
    char *fingerprint;
};

static void mark_done(struct overlay_mark *mark)
{
    free(mark->fingerprint);
}

static int mark_overlay(const char *path, struct overlay_mark *ret)
{
    VT_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    ret->size = (uint64_t)st.st_size;
    ret->changed = st.st_mtim.tv_sec;
    ret->changed_ns = st.st_mtim.tv_nsec;
    return vt_fingerprint(fd, ret->size, &ret->fingerprint);
}

/* ---- the record ---- */

static char *record_text(const struct vt_saved_facts *facts, const struct vt_saved *saved,
                         const struct overlay_mark *mark, uint64_t memory_bytes)
{
    VT_AUTO_OBJECT json_object *object = json_object_new_object();

    vt_object_add_number(object, "version", RECORD_VERSION);
    vt_object_add_number(object, "saved_at", time(NULL));
    vt_object_add_number(object, "memory_bytes", (int64_t)memory_bytes);
    vt_object_add_text_or_null(object, "name", facts->name);
    vt_object_add_text_or_null(object, "uuid", facts->uuid);
    vt_object_add_number(object, "ram_bytes", (int64_t)facts->ram);
    vt_object_add_number(object, "cpus", facts->cpus);
    vt_object_add_text_or_null(object, "accelerator", facts->accelerator);
    vt_object_add_text_or_null(object, "network", facts->network);
    vt_object_add_text(object, "video", facts->video);
    vt_object_add_text_or_null(object, "cidr", saved->cidr);
    vt_object_add_number(object, "mtu", saved->mtu);
    vt_object_add_number(object, "serial_ports", saved->serial_ports);
    vt_object_add_number(object, "qemu_version", (int64_t)saved->qemu_version);
    json_object_object_add(object, "paused", json_object_new_boolean(saved->paused));
    vt_object_add_number(object, "overlay_bytes", (int64_t)mark->size);
    vt_object_add_number(object, "overlay_changed", mark->changed);
    vt_object_add_number(object, "overlay_changed_ns", mark->changed_ns);
    vt_object_add_text_or_null(object, "overlay_fingerprint", mark->fingerprint);
    return vt_object_record(object);
}

static const char *get_text(json_object *object, const char *name)
{
    json_object *value = json_object_object_get(object, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static uint64_t get_number(json_object *object, const char *name)
{
    return json_object_get_uint64(json_object_object_get(object, name));
}

static int64_t get_time(json_object *object, const char *name)
{
    return json_object_get_int64(json_object_object_get(object, name));
}

/* ---- what fits ---- */

static char *differs(const char *what, const char *then, const char *now)
{
    return vt_streq(then, now) ? NULL : vt_fmt("%s was %s then and is %s now", what, then, now);
}

static char *ram_differs(uint64_t then, uint64_t now)
{
    VT_AUTO_FREE char *then_text = vt_size_text(then), *now_text = vt_size_text(now);

    return then == now ? NULL : vt_fmt("RAM was %s then and is %s now", then_text, now_text);
}

/* Why the guest of @record is not the one of @facts, or NULL. */
static char *other_guest(json_object *record, const struct vt_saved_facts *facts)
{
    VT_AUTO_FREE char *cpus_then = vt_fmt("%" PRIu64, get_number(record, "cpus"));
    VT_AUTO_FREE char *cpus_now = vt_fmt("%u", facts->cpus);
    char *reason = ram_differs(get_number(record, "ram_bytes"), facts->ram);

    if (!reason)
        reason = differs("CPU", cpus_then, cpus_now);
    if (!reason)
        reason = differs("VM_NAME", get_text(record, "name"), facts->name);
    if (!reason)
        reason = differs("the accelerator", get_text(record, "accelerator"), facts->accelerator);
    if (!reason)
        reason = differs("NETWORK", get_text(record, "network"), facts->network);
    if (!reason && facts->video)
        reason = differs("VIDEO", get_text(record, "video"), facts->video);
    if (!reason && facts->uuid)
        reason = differs("the guest's UUID", get_text(record, "uuid"), facts->uuid);
    return reason;
}

static char *other_overlay(json_object *record, const char *path)
{
    VT_CLEANUP(mark_done) struct overlay_mark mark = {0};
    int r = mark_overlay(path, &mark);

    if (r < 0 || !mark.fingerprint)
        return vt_fmt("its disk %s cannot be read: %s", path, strerror(-r));
    if (get_number(record, "overlay_bytes") != mark.size ||
        get_time(record, "overlay_changed") != mark.changed ||
        (mark.changed_ns != 0 && get_time(record, "overlay_changed_ns") != mark.changed_ns) ||
        !vt_streq(get_text(record, "overlay_fingerprint"), mark.fingerprint))
        return vt_fmt("its disk %s was changed since", path);
    return NULL;
}

static char *unfit(json_object *record, const struct vt_saved *saved,
                   const struct vt_saved_facts *facts)
{
    struct stat st;
    char *reason;

    if (!json_object_is_type(record, json_type_object))
        return vt_strdup("its record " RECORD " is damaged");
    if (get_number(record, "version") != RECORD_VERSION)
        return vt_strdup("a newer virtainer wrote it");
    if (stat(saved->memory, &st) < 0 || (uint64_t)st.st_size != get_number(record, "memory_bytes"))
        return vt_strdup("its memory is not whole");
    reason = other_guest(record, facts);
    return reason ? reason : other_overlay(record, facts->overlay);
}

static void read_saved(const struct vt_saved_facts *facts, struct vt_saved *saved)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/" RECORD, saved->dir);
    VT_AUTO_FREE char *text = NULL;
    VT_AUTO_OBJECT json_object *record = NULL;
    const char *cidr;
    uint64_t mtu, ports;
    struct stat st;

    if (vt_file_read(path, RECORD_MAX, &text, NULL) == 0)
        record = json_tokener_parse(text);
    saved->reason = unfit(record, saved, facts);
    saved->kind = saved->reason ? VT_SAVED_UNFIT : VT_SAVED_FITS;
    if (saved->kind == VT_SAVED_UNFIT)
        return;
    saved->at = get_time(record, "saved_at");
    saved->qemu_version = get_number(record, "qemu_version");
    saved->paused = json_object_get_boolean(json_object_object_get(record, "paused"));
    cidr = get_text(record, "cidr");
    mtu = get_number(record, "mtu");
    saved->mtu = mtu <= UINT16_MAX ? (unsigned)mtu : 0;
    /* Not known to who saved it: it was as libvirt has it. */
    ports = get_number(record, "serial_ports");
    saved->serial_ports = ports <= UINT8_MAX ? (unsigned)ports : 0;
    saved->cidr = *cidr ? vt_strdup(cidr) : NULL;
    saved->memory_size = stat(saved->memory, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* ---- whether it may be used up ---- */

/*
 * The guest may have run on, and only a power cut have undone the sign of that: a rename is on the
 * disk when the file system sees fit, while what the guest syncs is there at once, without the
 * overlay's time. So @dir, which is about to be used up, gets to know this boot of the machine.
 * That need not be synced: where it is not there, it was another one.
 */
static int note_boot(const char *dir, const struct vt_data_dir *data)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/" BOOT, dir);
    VT_AUTO_FREE char *id = vt_boot_id();

    return vt_file_write(path, id, strlen(id), 0600, data->path);
}

static bool is_of_this_boot(const char *dir)
{
    VT_AUTO_FREE char *path = vt_fmt("%s/" BOOT, dir);
    VT_AUTO_FREE char *id = vt_boot_id(), *then = NULL;

    return vt_file_read(path, strlen(id) + 1, &then, NULL) == 0 && vt_streq(then, id);
}

/*
 * A start was cut off at @resuming. In the same boot of the machine the overlay says whether the
 * guest has run: then it is as if it had never begun. Else it is left there, as unfit.
 */
static int take_back(const char *resuming, const struct vt_data_dir *data, struct vt_saved *saved)
{
    if (is_of_this_boot(resuming))
        return move(resuming, saved->dir, data);
    vt_str_replace(&saved->dir, vt_strdup(resuming));
    saved->kind = VT_SAVED_UNFIT;
    saved->reason = vt_strdup("the machine went down when the guest was being resumed from it, "
                              "and the guest may have run on");
    return 0;
}

int vt_saved_look(const struct vt_data_dir *data, const struct vt_saved_facts *facts,
                  struct vt_saved *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *saving = vt_data_dir_file(data, SAVING);
    VT_AUTO_FREE char *resuming = vt_data_dir_file(data, RESUMING);
    VT_AUTO_FREE char *spent = vt_data_dir_file(data, SPENT);

    *ret = (struct vt_saved){.dir = vt_data_dir_file(data, SAVED)};
    if (vt_path_exists(saving)) {
        vt_remove_tree(saving);
        ret->cut_off = true;
    }
    vt_remove_tree(spent);
    if (!vt_path_exists(ret->dir) && vt_path_exists(resuming)) {
        int r = take_back(resuming, data, ret);

        if (r < 0)
            return fail(err, -r, "rename", resuming);
    }
    if (ret->kind == VT_SAVED_UNFIT || !vt_path_exists(ret->dir))
        return 0;
    ret->memory = vt_fmt("%s/" MEMORY, ret->dir);
    read_saved(facts, ret);
    return 0;
}

int vt_saved_set_aside(struct vt_saved *saved, const struct vt_data_dir *data, char **ret_path,
                       struct vt_error *err)
{
    VT_AUTO_FREE char *parent = vt_data_dir_file(data, SET_ASIDE);
    time_t now = time(NULL);
    char stamp[32];
    struct tm tm;
    int r = vt_mkdirs(parent, 0755);

    if (r == 0)
        r = vt_path_chown_like(parent, data->path);
    if (r < 0)
        return fail(err, -r, "make", parent);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H-%M-%SZ", gmtime_r(&now, &tm));
    for (unsigned n = 1;; n++) {
        VT_AUTO_FREE char *path =
            n == 1 ? vt_fmt("%s/%s", parent, stamp) : vt_fmt("%s/%s-%u", parent, stamp, n);

        if (vt_path_exists(path))
            continue;
        r = move(saved->dir, path, data);
        if (r < 0)
            return fail(err, -r, "set aside", saved->dir);
        saved->kind = VT_SAVED_NONE;
        *ret_path = VT_TAKE_PTR(path);
        return 0;
    }
}

int vt_saved_begin(const struct vt_data_dir *data, char **ret_memory, struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_data_dir_file(data, SAVING);
    int r;

    VT_AUTO_FREE char *memory = vt_fmt("%s/" MEMORY, dir);
    int fd;

    vt_remove_tree(dir);
    r = mkdir(dir, 0700) < 0 ? -errno : vt_path_chown_like(dir, data->path);
    if (r < 0)
        return fail(err, -r, "make", dir);
    fd = open(memory, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, errno, "make", memory);
    *ret_memory = VT_TAKE_PTR(memory);
    return fd;
}

/* The part that is read here of what libvirt's file begins with (virQEMUSaveHeader in its
 * qemu_saveimage.h), in the machine's byte order, and how long it is. */
struct header {
    char magic[16];
    uint32_t version;
    uint32_t data_length; /* of the XML behind it */
};
#define HEADER_LENGTH 92

/* The first bytes of QEMU's stream: QEMU_VM_FILE_MAGIC in QEMU's migration/savevm.h. */
static const char stream_magic[4] = {'Q', 'E', 'V', 'M'};

bool vt_saved_is_whole(int memory)
{
    static const char magic[] = "LibvirtQemudSave"; /* while it writes: LibvirtQemudPart */
    struct header header;
    char stream[sizeof(stream_magic)];

    return pread(memory, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
           memcmp(header.magic, magic, sizeof(header.magic)) == 0 &&
           pread(memory, stream, sizeof(stream), HEADER_LENGTH + (off_t)header.data_length) ==
               (ssize_t)sizeof(stream) &&
           memcmp(stream, stream_magic, sizeof(stream)) == 0;
}

static int write_record(const struct vt_data_dir *data, const char *dir,
                        const struct vt_saved_facts *facts, const struct vt_saved *saved,
                        uint64_t memory_bytes)
{
    VT_CLEANUP(mark_done) struct overlay_mark mark = {0};
    VT_AUTO_FREE char *path = vt_fmt("%s/" RECORD, dir);
    VT_AUTO_FREE char *text = NULL;
    int r = mark_overlay(facts->overlay, &mark);

    if (r < 0)
        return r;
    text = record_text(facts, saved, &mark, memory_bytes);
    return vt_file_write(path, text, strlen(text), 0600, data->path);
}

int vt_saved_commit(const struct vt_data_dir *data, const struct vt_saved_facts *facts,
                    const struct vt_saved *saved, struct vt_error *err)
{
    VT_AUTO_FREE char *dir = vt_data_dir_file(data, SAVING);
    VT_AUTO_FREE char *target = vt_data_dir_file(data, SAVED);
    VT_AUTO_FREE char *memory = vt_fmt("%s/" MEMORY, dir);
    struct stat st;
    int r = stat(memory, &st) < 0 ? -errno : vt_path_chown_like(memory, data->path);

    if (r == 0)
        r = vt_path_sync(memory);
    if (r < 0)
        return fail(err, -r, "keep", memory);
    /* Its time, too, which is about to be relied on. */
    r = vt_path_sync(facts->overlay);
    if (r < 0)
        return fail(err, -r, "keep", facts->overlay);
    r = write_record(data, dir, facts, saved, (uint64_t)st.st_size);
    if (r == 0)
        r = move(dir, target, data);
    return r < 0 ? fail(err, -r, "keep the saved state", target) : 0;
}

void vt_saved_abandon(const struct vt_data_dir *data, int memory)
{
    VT_AUTO_FREE char *dir = vt_data_dir_file(data, SAVING);

    if (memory >= 0)
        (void)!ftruncate(memory, 0);
    vt_remove_tree(dir);
}

int vt_saved_consume(struct vt_saved *saved, const struct vt_data_dir *data, struct vt_error *err)
{
    VT_AUTO_FREE char *resuming = vt_data_dir_file(data, RESUMING);
    int r;

    vt_remove_tree(resuming);
    note_boot(saved->dir, data);
    r = move(saved->dir, resuming, data);
    if (r < 0)
        return fail(err, -r, "rename", saved->dir);
    vt_str_replace(&saved->dir, VT_TAKE_PTR(resuming));
    return 0;
}

void vt_saved_forget(struct vt_saved *saved, const struct vt_data_dir *data)
{
    VT_AUTO_FREE char *spent = vt_data_dir_file(data, SPENT);

    /* Where it cannot be renamed it is removed all the same: the guest runs already. */
    if (rename(saved->dir, spent) == 0)
        vt_str_replace(&saved->dir, VT_TAKE_PTR(spent));
    vt_remove_tree(saved->dir);
}

bool vt_saved_exists(const struct vt_data_dir *data)
{
    VT_AUTO_FREE char *saved = vt_data_dir_file(data, SAVED);
    VT_AUTO_FREE char *resuming = vt_data_dir_file(data, RESUMING);

    return vt_path_exists(saved) || vt_path_exists(resuming);
}
