/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry of a tar archive has its name and size before its content, and the layer's name is the
 * digest of the layer. So the layer is made twice: once for digest and size, once to be kept.
 */
#include "image/oci_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/object.h"
#include "base/str.h"
#include "host/files.h"
#include "image/hash.h"

/* As whom KubeVirt's QEMU reads the disk. */
enum { KUBEVIRT_USER = 107 };

enum { CHUNK = 256 * 1024, HEX_SIZE = 64 };

#define MEDIA(what) "application/vnd.oci.image." what
#define BLOB_DIR    "blobs/sha256/"

/* A part of the image, which is known by its digest. */
struct blob {
    char *digest; /* 64 digits */
    uint64_t size;
};

struct writer {
    const struct vt_oci_disk *disk;
    int cancel_fd;
    const struct vt_progress *progress;
    int in;
    uint64_t size; /* of the disk */
    time_t now;
    char *name;
    int fd;
    struct archive *out;
    bool broken; /* nothing is to be written any more, not even the end of what was begun */

    /* While a layer is made: where its bytes go, and what went wrong there. */
    gnutls_hash_hd_t hash;
    uint64_t layer_size;
    bool keep; /* write it to out, too */

    struct blob layer;
    struct blob config;
    struct blob manifest;
};

static void writer_done(struct writer *w)
{
    (void)archive_write_free(w->out);
    if (w->in >= 0)
        (void)close(w->in);
    free(w->name);
    free(w->layer.digest);
    free(w->config.digest);
    free(w->manifest.digest);
}

static int failed(const struct writer *w, struct archive *archive, struct vt_error *err)
{
    int errnum = archive_errno(archive);
    const char *why = archive_error_string(archive);

    return vt_error_set(err, VT_CAUSE_USAGE, errnum > 0 ? -errnum : -EIO, "cannot write %s: %s",
                        w->disk->archive, why ? why : "no reason given");
}

static int begin_entry(const struct writer *w, struct archive *archive, const char *path,
                       mode_t mode, int owner, uint64_t size, struct vt_error *err)
{
    struct archive_entry *entry = archive_entry_new();
    int r;

    archive_entry_set_pathname(entry, path);
    archive_entry_set_mode(entry, mode);
    archive_entry_set_uid(entry, owner);
    archive_entry_set_gid(entry, owner);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_mtime(entry, w->now, 0);
    r = archive_write_header(archive, entry) == ARCHIVE_OK ? 0 : failed(w, archive, err);
    archive_entry_free(entry);
    return r;
}

static int put(const struct writer *w, struct archive *archive, const void *data, size_t len,
               struct vt_error *err)
{
    return archive_write_data(archive, data, len) == (la_ssize_t)len ? 0 : failed(w, archive, err);
}

static int put_file(const struct writer *w, const char *path, const char *text,
                    struct vt_error *err)
{
    size_t len = strlen(text);
    int r = begin_entry(w, w->out, path, S_IFREG | 0644, 0, len, err);

    return r < 0 ? r : put(w, w->out, text, len, err);
}

static la_ssize_t on_write(struct archive *archive, void *data, const void *bytes, size_t len)
{
    const struct writer *w = data;
    int r = w->broken ? -ECANCELED : vt_write_all(w->fd, bytes, len);

    if (r == 0)
        return (la_ssize_t)len;
    archive_set_error(archive, -r, "%s", strerror(-r));
    return -1;
}

/* ---- the layer ---- */

static la_ssize_t on_layer(struct archive *archive, void *data, const void *bytes, size_t len)
{
    struct writer *w = data;

    if (w->broken || gnutls_hash(w->hash, bytes, len) < 0) {
        archive_set_error(archive, EIO, "its digest cannot be made");
        return -1;
    }
    w->layer_size += len;
    if (w->keep && archive_write_data(w->out, bytes, len) != (la_ssize_t)len) {
        archive_copy_error(archive, w->out);
        return -1;
    }
    return (la_ssize_t)len;
}

static int put_disk(const struct writer *w, struct archive *layer, struct vt_error *err)
{
    VT_AUTO_FREE uint8_t *chunk = vt_calloc(1, CHUNK);
    uint64_t done = 0, before = w->keep ? w->size : 0;

    while (done < w->size) {
        ssize_t n = pread(w->in, chunk, CHUNK, (off_t)done);
        int r;

        if (vt_is_readable(w->cancel_fd))
            return vt_error_set(err, VT_CAUSE_NONE, -ECANCELED, "stopped while packing");
        if (n <= 0)
            return vt_error_errno(err, VT_CAUSE_INTERNAL, n < 0 ? errno : EIO, "cannot read %s",
                                  w->disk->path);
        r = put(w, layer, chunk, (size_t)n, err);
        if (r < 0)
            return r;
        done += (uint64_t)n;
        vt_progress_step(w->progress, "packing", before + done, 2 * w->size);
    }
    return 0;
}

static int fill_layer(const struct writer *w, struct archive *layer, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_fmt("disk/%s.%s", w->name, w->disk->suffix);
    int r = begin_entry(w, layer, "disk/", S_IFDIR | 0755, 0, 0, err);

    if (r == 0)
        r = begin_entry(w, layer, path, S_IFREG | 0444, KUBEVIRT_USER, w->size, err);
    if (r == 0)
        r = put_disk(w, layer, err);
    if (r == 0 && archive_write_close(layer) != ARCHIVE_OK)
        r = failed(w, layer, err);
    return r;
}

static struct archive *new_tar(void)
{
    struct archive *archive = archive_write_new();

    /* As POSIX's ustar as long as that can say it, which is up to 8 GiB; in runs as they come, and
     * not in tape blocks. */
    if (archive && archive_write_set_format_pax_restricted(archive) == ARCHIVE_OK &&
        archive_write_set_bytes_per_block(archive, 0) == ARCHIVE_OK)
        return archive;
    (void)archive_write_free(archive);
    return NULL;
}

/* Make the layer, and keep it in the archive if @keep; what it is in @ret. */
static int make_layer(struct writer *w, bool keep, struct blob *ret, struct vt_error *err)
{
    struct archive *layer = new_tar();
    int r = 0;

    w->keep = keep;
    w->layer_size = 0;
    if (!layer || gnutls_hash_init(&w->hash, GNUTLS_DIG_SHA256) < 0) {
        (void)archive_write_free(layer);
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot begin a tar archive");
    }
    if (archive_write_open(layer, w, NULL, on_layer, NULL) != ARCHIVE_OK)
        r = failed(w, layer, err);
    if (r == 0)
        r = fill_layer(w, layer, err);
    /* An archive that is let go of writes its end, which may be as long as the disk. */
    w->broken = r < 0;
    (void)archive_write_free(layer);
    *ret = (struct blob){vt_hash_end(w->hash), w->layer_size};
    return r;
}

static int put_layer(struct writer *w, struct vt_error *err)
{
    VT_AUTO_FREE char *path = vt_fmt(BLOB_DIR "%s", w->layer.digest);
    struct blob again = {0};
    int r = begin_entry(w, w->out, path, S_IFREG | 0644, 0, w->layer.size, err);

    if (r == 0)
        r = make_layer(w, true, &again, err);
    if (r == 0 && (!again.digest || !vt_streq(again.digest, w->layer.digest)))
        r = vt_error_set(err, VT_CAUSE_INTERNAL, -EIO, "%s changed while it was read",
                         w->disk->path);
    free(again.digest);
    return r;
}

/* ---- what tells of it ---- */

static void add_digest(json_object *object, const char *name, const struct blob *blob)
{
    VT_AUTO_FREE char *text = vt_fmt("sha256:%s", blob->digest);

    vt_object_add_text(object, name, text);
}

static json_object *array_of(json_object *item)
{
    json_object *array = json_object_new_array();

    json_object_array_add(array, item);
    return array;
}

/* The OCI descriptor of @blob. */
static json_object *descriptor(const char *media_type, const struct blob *blob)
{
    json_object *object = json_object_new_object();

    vt_object_add_text(object, "mediaType", media_type);
    add_digest(object, "digest", blob);
    json_object_object_add(object, "size", json_object_new_uint64(blob->size));
    return object;
}

/* Its text; @object is freed. */
static char *take_text(json_object *object)
{
    char *text = vt_strdup(json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

    (void)json_object_put(object);
    return text;
}

/* The machine as Go, and so OCI, calls it. */
static const char *architecture(void)
{
    static const char *const names[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};
    static struct utsname machine;

    if (uname(&machine) < 0)
        return "amd64";
    for (size_t i = 0; i < VT_ARRAY_SIZE(names); i++) {
        if (vt_streq(machine.machine, names[i][0]))
            return names[i][1];
    }
    return machine.machine;
}

static void add_platform(json_object *object)
{
    vt_object_add_text(object, "architecture", architecture());
    vt_object_add_text(object, "os", "linux");
}

static char *config_text(const struct writer *w)
{
    json_object *object = json_object_new_object(), *rootfs = json_object_new_object();
    VT_AUTO_FREE char *diff = vt_fmt("sha256:%s", w->layer.digest);
    char created[32];
    struct tm tm;

    (void)strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&w->now, &tm));
    vt_object_add_text(object, "created", created);
    add_platform(object);
    json_object_object_add(object, "config", json_object_new_object());
    vt_object_add_text(rootfs, "type", "layers");
    json_object_object_add(rootfs, "diff_ids", array_of(json_object_new_string(diff)));
    json_object_object_add(object, "rootfs", rootfs);
    return take_text(object);
}

static char *manifest_text(const struct writer *w)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "schemaVersion", json_object_new_int(2));
    vt_object_add_text(object, "mediaType", MEDIA("manifest.v1+json"));
    json_object_object_add(object, "config", descriptor(MEDIA("config.v1+json"), &w->config));
    json_object_object_add(object, "layers",
                           array_of(descriptor(MEDIA("layer.v1.tar"), &w->layer)));
    return take_text(object);
}

/* The names are where `docker save` has them, and so where everybody looks. */
static char *index_text(const struct writer *w)
{
    VT_AUTO_FREE char *full = vt_fmt("docker.io/library/%s:latest", w->name);
    json_object *object = json_object_new_object(), *names = json_object_new_object();
    json_object *manifest = descriptor(MEDIA("manifest.v1+json"), &w->manifest);
    json_object *platform = json_object_new_object();

    vt_object_add_text(names, "io.containerd.image.name", full);
    vt_object_add_text(names, "org.opencontainers.image.ref.name", "latest");
    add_platform(platform);
    json_object_object_add(manifest, "platform", platform);
    json_object_object_add(manifest, "annotations", names);
    json_object_object_add(object, "schemaVersion", json_object_new_int(2));
    vt_object_add_text(object, "mediaType", MEDIA("index.v1+json"));
    json_object_object_add(object, "manifests", array_of(manifest));
    return take_text(object);
}

/* What `docker load` reads instead of the index. */
static char *docker_text(const struct writer *w)
{
    VT_AUTO_FREE char *config = vt_fmt(BLOB_DIR "%s", w->config.digest);
    VT_AUTO_FREE char *layer = vt_fmt(BLOB_DIR "%s", w->layer.digest);
    VT_AUTO_FREE char *tag = vt_fmt("%s:latest", w->name);
    json_object *object = json_object_new_object();

    vt_object_add_text(object, "Config", config);
    json_object_object_add(object, "RepoTags", array_of(json_object_new_string(tag)));
    json_object_object_add(object, "Layers", array_of(json_object_new_string(layer)));
    return take_text(array_of(object));
}

/* Put @text, which is freed, into the archive as a blob. */
static int put_blob(const struct writer *w, char *text, struct blob *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *owned = text;
    VT_AUTO_FREE char *path = NULL;

    *ret = (struct blob){vt_hash_text(owned, strlen(owned)), strlen(owned)};
    path = vt_fmt(BLOB_DIR "%s", ret->digest);
    return put_file(w, path, owned, err);
}

static int put_named(const struct writer *w, const char *path, char *text, struct vt_error *err)
{
    VT_AUTO_FREE char *owned = text;

    return put_file(w, path, owned, err);
}

/* ---- the archive ---- */

static int fill(struct writer *w, struct vt_error *err)
{
    int r = make_layer(w, false, &w->layer, err);

    if (r == 0)
        r = put_file(w, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", err);
    if (r == 0)
        r = begin_entry(w, w->out, "blobs/", S_IFDIR | 0755, 0, 0, err);
    if (r == 0)
        r = begin_entry(w, w->out, BLOB_DIR, S_IFDIR | 0755, 0, 0, err);
    if (r == 0)
        r = put_blob(w, config_text(w), &w->config, err);
    if (r == 0)
        r = put_blob(w, manifest_text(w), &w->manifest, err);
    if (r == 0)
        r = put_named(w, "index.json", index_text(w), err);
    if (r == 0)
        r = put_named(w, "manifest.json", docker_text(w), err);
    if (r == 0)
        r = put_layer(w, err);
    if (r == 0 && archive_write_close(w->out) != ARCHIVE_OK)
        r = failed(w, w->out, err);
    w->broken = r < 0;
    return r;
}

int vt_oci_write(const struct vt_oci_disk *disk, int fd, int cancel_fd,
                 const struct vt_progress *progress, struct vt_error *err)
{
    VT_CLEANUP(writer_done)
    struct writer w = {
        .disk = disk,
        .cancel_fd = cancel_fd,
        .progress = progress,
        .in = open(disk->path, O_RDONLY | O_CLOEXEC),
        .fd = fd,
        .now = time(NULL),
        .name = vt_oci_name(disk->archive),
        .out = new_tar(),
    };
    struct stat st;

    if (w.in < 0 || fstat(w.in, &st) < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot read %s", disk->path);
    w.size = (uint64_t)st.st_size;
    if (!w.out)
        return vt_error_set(err, VT_CAUSE_INTERNAL, -ENOMEM, "cannot begin a tar archive");
    if (archive_write_open(w.out, &w, NULL, on_write, NULL) != ARCHIVE_OK)
        return failed(&w, w.out, err);
    return fill(&w, err);
}

/* By the grammar of distribution/reference: letters and digits, single separators between. */
char *vt_oci_name(const char *archive)
{
    static const char *const suffixes[] = {".tar", ".oci"};
    const char *slash = strrchr(archive, '/');
    VT_AUTO_FREE char *name = vt_strdup(slash ? slash + 1 : archive);
    size_t len = 0;

    for (size_t i = 0; i < VT_ARRAY_SIZE(suffixes); i++) {
        size_t all = strlen(name), n = strlen(suffixes[i]);

        if (all > n && vt_streq(name + all - n, suffixes[i]))
            name[all - n] = '\0';
    }
    for (const char *c = name; *c; c++) {
        if (isascii(*c) && isalnum((unsigned char)*c))
            name[len++] = (char)tolower((unsigned char)*c);
        else if (len > 0 && isalnum((unsigned char)name[len - 1]))
            name[len++] = *c == '.' ? '.' : '-';
    }
    while (len > 0 && !isalnum((unsigned char)name[len - 1]))
        len--;
    name[len] = '\0';
    return len > 0 ? VT_TAKE_PTR(name) : vt_strdup("disk");
}
