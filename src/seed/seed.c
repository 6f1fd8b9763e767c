/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/str.h"
#include "config/yaml.h"
#include "host/files.h"
#include "seed/documents.h"
#include "seed/password.h"

#define READY_ISO      "/tmp/cloud_init.iso"
#define USER_DATA      "/tmp/user-data"
#define META_DATA      "/tmp/meta-data"
#define VENDOR_DATA    "/tmp/vendor-data"
#define NETWORK_CONFIG "/tmp/network-config"
#define KEY            "/tmp/id_rsa.pub"

/* Seed 004's generated meta-data; also the defaults in config/. */
#define DEFAULT_INSTANCE_ID "localimage-01"
#define DEFAULT_HOSTNAME    "cloudimage"
#define DEFAULT_PASSWORD    "password"

#define MAX_TOTAL (16U << 20)
#define MAX_KEY   (1U << 20)

static void doc_done(struct vt_seed_doc *doc)
{
    free(doc->text);
    free(doc->origin);
    *doc = (struct vt_seed_doc){0};
}

void vt_seed_done(struct vt_seed *seed)
{
    free(seed->ready_iso);
    doc_done(&seed->user_data);
    doc_done(&seed->meta_data);
    doc_done(&seed->vendor_data);
    doc_done(&seed->network_config);
    free(seed->made_password);
    free(seed->instance_id);
    for (size_t i = 0; i < VT_ARRAY_SIZE(seed->warnings); i++)
        free(seed->warnings[i]);
    *seed = (struct vt_seed){0};
}

static void doc_generate(struct vt_seed_doc *doc, char *text)
{
    doc_done(doc);
    doc->text = text;
    doc->len = strlen(text);
    doc->origin = vt_strdup("generated");
}

static void warn(struct vt_seed *seed, char *text)
{
    for (size_t i = 0; i + 1 < VT_ARRAY_SIZE(seed->warnings); i++) {
        if (!seed->warnings[i]) {
            seed->warnings[i] = text;
            return;
        }
    }
    free(text);
}

/* Reading what is mounted */

/* Whether something that can be read as a file is at @path: 1 or 0, or a negative errno with @err
 * set. */
static int is_mounted(const char *root, const char *path, struct vt_error *err)
{
    VT_AUTO_FREE char *full = vt_fmt("%s%s", root, path);
    struct stat st;

    if (lstat(full, &st) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        return vt_error_errno(err, VT_CAUSE_SEED, errno, "%s cannot be looked at", path);
    }
    if (stat(full, &st) < 0)
        return vt_error_errno(err, VT_CAUSE_SEED, errno,
                              "%s is a symbolic link that leads nowhere: mount the file itself",
                              path);
    if (S_ISDIR(st.st_mode))
        return vt_error_set(err, VT_CAUSE_SEED, -EISDIR,
                            "%s is a directory, and a file is expected: docker makes a directory "
                            "when the path before ':%s' in -v does not exist on the host; remove "
                            "that directory and give the path of the file",
                            path, path);
    /* A pipe would keep us waiting, a device has no end. */
    if (!S_ISREG(st.st_mode))
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s is a device, pipe or socket: mount a plain file there", path);
    return 1;
}

static int cannot_read(const char *path, int r, size_t max, struct vt_error *err)
{
    if (r == -EFBIG) {
        VT_AUTO_FREE char *limit = vt_size_text(max);

        return vt_error_set(err, VT_CAUSE_SEED, r, "%s is larger than %s: mount a smaller one",
                            path, limit);
    }
    return vt_error_errno(err, VT_CAUSE_SEED, -r,
                          "%s cannot be read (make it readable for the container's root)", path);
}

/* Read @path into @ret, which stays empty when nothing is mounted there. */
static int read_doc(const char *root, const char *path, size_t max, struct vt_seed_doc *ret,
                    struct vt_error *err)
{
    VT_AUTO_FREE char *full = vt_fmt("%s%s", root, path);
    int r = is_mounted(root, path, err);

    if (r <= 0)
        return r;
    r = vt_file_read(full, max, &ret->text, &ret->len);
    if (r < 0)
        return cannot_read(path, r, max, err);
    ret->origin = vt_strdup(path);
    return 0;
}

static int read_key(const char *root, struct vt_keys *ret, struct vt_error *err)
{
    VT_CLEANUP(doc_done) struct vt_seed_doc doc = {0};
    int r = read_doc(root, KEY, MAX_KEY, &doc, err);

    if (r < 0 || !doc.text)
        return r;
    return vt_keys_parse(KEY, doc.text, doc.len, ret, err);
}

static int read_all(const char *root, struct vt_seed *seed, struct vt_keys *keys,
                    struct vt_error *err)
{
    const struct {
        const char *path;
        struct vt_seed_doc *doc;
    } docs[] = {
        {USER_DATA, &seed->user_data},
        {META_DATA, &seed->meta_data},
        {VENDOR_DATA, &seed->vendor_data},
        {NETWORK_CONFIG, &seed->network_config},
    };
    size_t total = 0;

    for (size_t i = 0; i < VT_ARRAY_SIZE(docs); i++) {
        int r = read_doc(root, docs[i].path, MAX_TOTAL, docs[i].doc, err);

        if (r < 0)
            return r;
        total += docs[i].doc->len;
    }
    if (total > MAX_TOTAL)
        return vt_error_set(err, VT_CAUSE_SEED, -EFBIG,
                            "the seed documents in /tmp are together larger than 16 MiB: fetch "
                            "large things from within the guest");
    return read_key(root, keys, err);
}

/* Checking */

static int check_yaml(const struct vt_seed_doc *doc, struct vt_error *err)
{
    int r = vt_yaml_check(doc->origin, doc->text, doc->len, err);

    if (r < 0 && err)
        err->cause = VT_CAUSE_SEED;
    return r;
}

/* user-data or vendor-data */
static int check_data(struct vt_seed *seed, const struct vt_seed_doc *doc, struct vt_error *err)
{
    switch (vt_data_format(doc->text, doc->len)) {
    case VT_DATA_CLOUD_CONFIG:
        return check_yaml(doc, err);
    case VT_DATA_EMPTY:
        warn(seed, vt_fmt("%s is empty: the guest gets nothing from it", doc->origin));
        return 0;
    case VT_DATA_UNKNOWN:
        warn(seed, vt_fmt("%s begins with no header that cloud-init knows (#cloud-config, #!, "
                          "MIME-Version: and others), so cloud-init will ignore it",
                          doc->origin));
        return 0;
    default:
        return 0;
    }
}

static int check_all(struct vt_seed *seed, struct vt_error *err)
{
    int r = 0;

    if (seed->user_data.text)
        r = check_data(seed, &seed->user_data, err);
    if (r == 0 && seed->vendor_data.text)
        r = check_data(seed, &seed->vendor_data, err);
    if (r == 0 && seed->meta_data.text)
        r = check_yaml(&seed->meta_data, err);
    if (r == 0 && seed->network_config.text)
        r = check_yaml(&seed->network_config, err);
    return r;
}

/* The ready ISO */

/* The volume's label if @block begins an ISO 9660 or FAT file system, else NULL. The caller frees
 * it. */
static char *volume_label(const char *block, size_t len)
{
    const char *at = NULL;
    size_t max = 11, end;

    if (len >= 0x8000 + 72 && memcmp(block + 0x8001, "CD001", 5) == 0) {
        at = block + 0x8000 + 40;
        max = 32;
    } else if (len >= 512 && memcmp(block + 54, "FAT", 3) == 0) {
        at = block + 43;
    } else if (len >= 512 && memcmp(block + 82, "FAT32", 5) == 0) {
        at = block + 71;
    }
    if (!at)
        return NULL;
    end = strnlen(at, max);
    while (end > 0 && at[end - 1] == ' ')
        end--;
    return vt_strndup(at, end);
}

static int check_ready_iso(struct vt_seed *seed, struct vt_error *err)
{
    VT_AUTO_CLOSE int fd = open(seed->ready_iso, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    VT_AUTO_FREE char *block = vt_calloc(1, 0x8800);
    VT_AUTO_FREE char *label = NULL;
    ssize_t n = fd < 0 ? -1 : pread(fd, block, 0x8800, 0);

    if (n < 0)
        return cannot_read(READY_ISO, -errno, 0, err);
    label = volume_label(block, (size_t)n);
    if (!label)
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "%s holds neither an ISO 9660 nor a FAT file system: make it with "
                            "genisoimage -volid cidata -joliet -rock user-data meta-data",
                            READY_ISO);
    if (strcasecmp(label, "cidata") != 0 && strcasecmp(label, "config-2") != 0)
        warn(seed, vt_fmt("%s has the volume label '%s', and cloud-init looks for 'cidata': the "
                          "guest may ignore it",
                          READY_ISO, label));
    return 0;
}

/* Use the ready ISO if there is one. Returns 1 if so, 0, or a negative errno. */
static int take_ready_iso(const struct vt_config *config, const char *root, struct vt_seed *seed,
                          struct vt_error *err)
{
    static const char *const others[] = {USER_DATA, META_DATA, VENDOR_DATA, NETWORK_CONFIG, KEY};
    VT_AUTO_BUF struct vt_buf ignored = VT_BUF_INIT(1024);
    int r = is_mounted(root, READY_ISO, err);

    if (r <= 0)
        return r;
    seed->kind = VT_SEED_READY_ISO;
    seed->ready_iso = vt_fmt("%s%s", root, READY_ISO);
    for (size_t i = 0; i < VT_ARRAY_SIZE(others); i++) {
        VT_AUTO_FREE char *full = vt_fmt("%s%s", root, others[i]);

        if (vt_path_exists(full))
            vt_buf_addf(&ignored, "%s%s", ignored.len > 0 ? ", " : "", others[i]);
    }
    if (config->password)
        vt_buf_addf(&ignored, "%sPASSWORD", ignored.len > 0 ? ", " : "");
    if (ignored.len > 0)
        warn(seed, vt_fmt("%s is used as it is, so these do not count: %s", READY_ISO,
                          vt_buf_str(&ignored)));
    r = check_ready_iso(seed, err);
    return r < 0 ? r : 1;
}

/* Making what is missing */

static enum vt_seed_kind kind_of(const struct vt_seed *seed, const struct vt_keys *keys,
                                 const char *password)
{
    if (seed->user_data.text)
        return VT_SEED_USER_DATA;
    if (keys->count > 0 ||
        (seed->meta_data.text &&
         vt_yaml_top_has(seed->meta_data.text, seed->meta_data.len, "public-keys")))
        return VT_SEED_KEY;
    if (seed->vendor_data.text)
        return VT_SEED_USER_DATA;
    return password ? VT_SEED_PASSWORD : VT_SEED_DEFAULT_PASSWORD;
}

static bool cloud_config_has(const struct vt_seed_doc *doc, const char *key)
{
    return doc->text && vt_data_format(doc->text, doc->len) == VT_DATA_CLOUD_CONFIG &&
           vt_yaml_top_has(doc->text, doc->len, key);
}

/* The document that PASSWORD goes into, in *@ret; NULL for none. */
static int password_place(struct vt_seed *seed, struct vt_seed_doc **ret, struct vt_error *err)
{
    *ret = NULL;
    if (!seed->user_data.text) {
        *ret = &seed->user_data;
    } else if (cloud_config_has(&seed->user_data, "password")) {
        warn(seed, vt_fmt("PASSWORD is not used, because %s sets a password itself", USER_DATA));
    } else if (!seed->vendor_data.text) {
        *ret = &seed->vendor_data;
    } else {
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "PASSWORD has no place beside both %s and %s: write 'password:' into "
                            "one of them, or leave PASSWORD away",
                            USER_DATA, VENDOR_DATA);
    }
    return 0;
}

static int set_password(const struct vt_config *config, struct vt_seed *seed, struct vt_error *err)
{
    struct vt_seed_doc *place = NULL;
    int r = vt_password_check(config->password, err);

    if (r == 0)
        r = password_place(seed, &place, err);
    if (r < 0 || !place)
        return r;
    if (vt_password_is_random(config->password))
        seed->made_password = vt_password_make();
    doc_generate(place,
                 vt_password_config(seed->made_password ? seed->made_password : config->password));
    seed->password_set = true;
    return 0;
}

/* user-data, which must always be there, and the password in it or beneath it. */
static int make_user_data(const struct vt_config *config, struct vt_seed *seed,
                          struct vt_error *err)
{
    if (config->password) {
        int r = set_password(config, seed, err);

        if (r < 0)
            return r;
    }
    if (!seed->user_data.text)
        doc_generate(&seed->user_data, seed->kind == VT_SEED_DEFAULT_PASSWORD
                                           ? vt_password_config(DEFAULT_PASSWORD)
                                           : vt_empty_config());
    return 0;
}

static void hash_doc(gnutls_hash_hd_t hash, const char *text, size_t len)
{
    uint64_t size = text ? len : UINT64_MAX;

    (void)gnutls_hash(hash, &size, sizeof(size));
    if (text)
        (void)gnutls_hash(hash, text, len);
}

/* An instance-id that another seed does not have. */
static char *instance_id_of(const struct vt_seed *seed, const char *meta_data)
{
    unsigned char digest[32] = {0};
    gnutls_hash_hd_t hash;
    VT_AUTO_BUF struct vt_buf id = VT_BUF_INIT(32);

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        abort(); /* a build of GnuTLS without SHA-256 */
    hash_doc(hash, seed->user_data.text, seed->user_data.len);
    hash_doc(hash, seed->vendor_data.text, seed->vendor_data.len);
    hash_doc(hash, seed->network_config.text, seed->network_config.len);
    hash_doc(hash, meta_data, strlen(meta_data));
    gnutls_hash_deinit(hash, digest);
    vt_buf_adds(&id, "iid-");
    for (size_t i = 0; i < 8; i++)
        vt_buf_addf(&id, "%02x", digest[i]);
    return vt_buf_take(&id);
}

/*
 * What to write at @key of the meta-data when it has none there: @wanted, or NULL when mounted
 * meta-data is to stay as it is because no one asked for a value. @variable is warned of when it
 * loses against the mounted one.
 */
static const char *meta_value(struct vt_seed *seed, const char *key, const char *variable,
                              const char *wanted, const char *usual)
{
    const struct vt_seed_doc *own = &seed->meta_data;
    bool asked = wanted && *wanted && !vt_streq(wanted, usual);

    if (!own->text)
        return asked ? wanted : usual;
    if (asked && vt_yaml_top_has(own->text, own->len, key))
        warn(seed, vt_fmt("%s is not used, because %s has its own %s", variable, META_DATA, key));
    return asked ? wanted : NULL;
}

static int make_meta_data(const struct vt_config *config, const struct vt_keys *keys,
                          struct vt_seed *seed, struct vt_error *err)
{
    struct vt_seed_doc *own = &seed->meta_data;
    const char *id =
        meta_value(seed, "instance-id", "INSTANCE_ID", config->instance_id, DEFAULT_INSTANCE_ID);
    const char *host = meta_value(seed, "local-hostname", "HOSTNAME_IN_GUEST",
                                  config->hostname_in_guest, DEFAULT_HOSTNAME);
    bool automatic = id && vt_streq(id, "auto");
    VT_AUTO_FREE char *text = vt_meta_data(own->text, own->len, automatic ? NULL : id, host, keys);

    if (text && automatic) {
        VT_AUTO_FREE char *made = instance_id_of(seed, text);

        vt_str_replace(&text, vt_meta_data(own->text, own->len, made, host, keys));
    }
    if (!text)
        return vt_error_set(err, VT_CAUSE_SEED, -EINVAL,
                            "nothing can be added to %s: write public-keys as a list there, "
                            "without anchors, and values in UTF-8",
                            own->text ? META_DATA : "the meta-data");
    if (own->text) {
        vt_str_replace(&own->text, VT_TAKE_PTR(text));
        own->len = strlen(own->text);
    } else {
        doc_generate(own, VT_TAKE_PTR(text));
    }
    seed->instance_id = vt_yaml_top_scalar(own->text, own->len, "instance-id");
    return 0;
}

static int collect(const struct vt_config *config, const char *root, struct vt_seed *seed,
                   struct vt_error *err)
{
    VT_AUTO_KEYS struct vt_keys keys = {0};
    int r = take_ready_iso(config, root, seed, err);

    if (r != 0)
        return r < 0 ? r : 0;
    r = read_all(root, seed, &keys, err);
    if (r == 0)
        r = check_all(seed, err);
    if (r < 0)
        return r;
    seed->key_count = keys.count;
    seed->kind = kind_of(seed, &keys, config->password);
    if (seed->kind == VT_SEED_DEFAULT_PASSWORD)
        warn(seed, vt_strdup("anyone who reaches this guest can log in, because the password of "
                             "its default user is '" DEFAULT_PASSWORD "': mount an SSH key at " KEY
                             ", or set PASSWORD (PASSWORD=random makes one)"));
    r = make_user_data(config, seed, err);
    if (r == 0)
        r = make_meta_data(config, &keys, seed, err);
    return r;
}

char *vt_seed_digest(const struct vt_seed *seed)
{
    return instance_id_of(seed, seed->meta_data.text);
}

int vt_seed_collect(const struct vt_config *config, const char *root, struct vt_seed *ret,
                    struct vt_error *err)
{
    VT_AUTO_SEED struct vt_seed seed = {0};
    int r = collect(config, root, &seed, err);

    if (r < 0)
        return r;
    *ret = seed;
    seed = (struct vt_seed){0};
    return 0;
}

/* The launcher's additions */

bool vt_seed_has_key(const struct vt_seed *seed)
{
    /* Meta-data holds those of the file, too. */
    return vt_yaml_top_has(seed->meta_data.text, seed->meta_data.len, "public-keys") ||
           cloud_config_has(&seed->user_data, "ssh_authorized_keys");
}

bool vt_seed_add_key(struct vt_seed *seed, const char *line)
{
    VT_AUTO_FREE char *copy = vt_strdup(line);
    struct vt_keys keys = {.lines = &copy, .count = 1};
    struct vt_seed_doc *own = &seed->meta_data;
    char *text = vt_meta_data(own->text, own->len, NULL, NULL, &keys);

    if (!text)
        return false;
    vt_str_replace(&own->text, text);
    own->len = strlen(text);
    seed->own_key = true;
    return true;
}

/* A mounted one may be anything, a script or an archive. */
static bool may_add_to_vendor_data(const struct vt_seed *seed)
{
    const struct vt_seed_doc *vendor = &seed->vendor_data;

    return !vendor->text || vt_streq(vendor->origin, "generated");
}

bool vt_seed_can_phone_home(const struct vt_seed *seed)
{
    /* Who chooses the host keys may leave one out, and cloud-init's phone_home complains of each of
     * its three that is not there: the guest would be "degraded" for our sake. */
    static const char *const obstacles[] = {"phone_home", "ssh_genkeytypes", "ssh_keys"};

    for (size_t i = 0; i < VT_ARRAY_SIZE(obstacles); i++) {
        if (cloud_config_has(&seed->user_data, obstacles[i]))
            return false;
    }
    return may_add_to_vendor_data(seed);
}

static void add_to_vendor_data(struct vt_seed *seed, const char *part)
{
    struct vt_seed_doc *vendor = &seed->vendor_data;

    doc_generate(vendor, vt_fmt("%s%s", vendor->text ? vendor->text : "#cloud-config\n", part));
}

void vt_seed_add_phone_home(struct vt_seed *seed, const char *url)
{
    VT_AUTO_FREE char *part = vt_phone_home_config(url);

    add_to_vendor_data(seed, part);
}

bool vt_seed_add_cards(struct vt_seed *seed, const struct vt_seed_card *cards, size_t count)
{
    VT_AUTO_FREE char *update = vt_network_update_config();

    if (seed->network_config.text)
        return false;
    doc_generate(&seed->network_config, vt_network_config(cards, count));
    if (!may_add_to_vendor_data(seed))
        return cloud_config_has(&seed->vendor_data, "updates") ||
               cloud_config_has(&seed->user_data, "updates");
    add_to_vendor_data(seed, update);
    return true;
}
