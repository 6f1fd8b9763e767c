/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/catalogue.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <time.h>

#include "base/str.h"
#include "base/text.h"
#include "config/yaml_tree.h"
#include "host/files.h"

#define ARCHITECTURE "x86_64"
#define FIRMWARE     "bios"
#define FILE_MAX     (64U << 10)
#define FILES_MAX    200
#define LETTERS_MAX  50
#define TEXT_MAX     1000

static void texts_free(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

static void release_done(struct vt_release *release)
{
    free(release->version);
    texts_free(release->aliases);
    free(release->url);
    free(release->checksum);
    free(release->checksum_url);
    free(release->signature_url);
    free(release->user);
    free(release->osinfo);
    free(release->end_of_life);
}

void vt_distribution_done(struct vt_distribution *distribution)
{
    free(distribution->file);
    free(distribution->name);
    free(distribution->title);
    free(distribution->user);
    texts_free(distribution->aliases);
    for (size_t i = 0; i < distribution->release_count; i++)
        release_done(&distribution->releases[i]);
    free(distribution->releases);
    *distribution = (struct vt_distribution){0};
}

void vt_catalogue_done(struct vt_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++)
        vt_distribution_done(&catalogue->distributions[i]);
    free(catalogue->distributions);
    *catalogue = (struct vt_catalogue){0};
}

/* ---- what a text may be ---- */

static bool is_name(const char *text)
{
    return (islower((unsigned char)*text) || isdigit((unsigned char)*text)) &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0' &&
           strlen(text) <= LETTERS_MAX;
}

static bool is_title(const char *text)
{
    return *text && strlen(text) <= LETTERS_MAX && !vt_text_has_control(text, strlen(text), false);
}

static bool is_architecture(const char *text)
{
    return vt_streq(text, ARCHITECTURE);
}

static bool is_firmware(const char *text)
{
    return vt_streq(text, FIRMWARE);
}

static bool is_url(const char *text)
{
    if (!vt_startswith(text, "https://") && !vt_startswith(text, "http://") &&
        !vt_startswith(text, "file:///"))
        return false;
    for (const char *c = text; *c; c++) {
        if (!isgraph((unsigned char)*c))
            return false;
    }
    return strlen(text) <= TEXT_MAX;
}

static bool is_digest(const char *text)
{
    size_t digits = vt_startswith(text, "sha512:") ? 128 : 64;
    const char *hex = text + strlen("sha256:");

    return (vt_startswith(text, "sha256:") || vt_startswith(text, "sha512:")) &&
           strlen(hex) == digits && strspn(hex, "0123456789abcdefABCDEF") == digits;
}

static bool is_day(const char *text)
{
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof(form); i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    }
    return true;
}

struct text_key {
    const char *key;
    size_t offset; /* of the field; SIZE_MAX: it is checked only */
    bool (*allowed)(const char *text);
    const char *hint;
};

#define A_NAME "give lower-case letters, digits, dots, dashes and underscores, 50 at most"
#define A_URL  "give an address that begins with https://, http:// or file:///"

static const struct text_key distribution_keys[] = {
    {"name", offsetof(struct vt_distribution, name), is_name, A_NAME},
    {"title", offsetof(struct vt_distribution, title), is_title, "give a name for people"},
    {"architecture", SIZE_MAX, is_architecture, "guests are " ARCHITECTURE " here"},
    {"user", offsetof(struct vt_distribution, user), is_name, A_NAME},
    {NULL, 0, NULL, NULL},
};

static const struct text_key release_keys[] = {
    {"version", offsetof(struct vt_release, version), is_name, A_NAME},
    {"url", offsetof(struct vt_release, url), is_url, A_URL},
    {"checksum", offsetof(struct vt_release, checksum), is_digest,
     "give sha256: or sha512: and the hexadecimal digits"},
    {"checksum_url", offsetof(struct vt_release, checksum_url), is_url, A_URL},
    {"signature_url", offsetof(struct vt_release, signature_url), is_url, A_URL},
    {"user", offsetof(struct vt_release, user), is_name, A_NAME},
    {"osinfo", offsetof(struct vt_release, osinfo), is_name, A_NAME},
    {"firmware", SIZE_MAX, is_firmware, "guests boot by BIOS here; give " FIRMWARE},
    {"end_of_life", offsetof(struct vt_release, end_of_life), is_day,
     "give a day, such as 2027-05-31"},
    {NULL, 0, NULL, NULL},
};

/* ---- reading a file ---- */

/* Read what @map has of @keys into @object; "aliases" and @list are read by the caller. */
static int read_texts(const char *path, const struct vt_yaml_node *map, const struct text_key *keys,
                      const char *list, void *object, struct vt_error *err)
{
    for (const struct vt_yaml_node *node = map->children; node; node = node->next) {
        const struct text_key *key = keys;

        while (key->key && !vt_streq(key->key, node->key))
            key++;
        if (!key->key && !vt_streq(node->key, "aliases") && !vt_streq(node->key, list))
            return vt_yaml_tree_refuse(path, node, err, "nothing is known of the key '%.50s' here",
                                       node->key);
        if (!key->key)
            continue;
        if (node->kind != VT_YAML_TEXT || !key->allowed(node->text))
            return vt_yaml_tree_refuse(path, node, err, "%s: %s", key->key, key->hint);
        if (key->offset != SIZE_MAX)
            *(char **)((char *)object + key->offset) = vt_strdup(node->text);
    }
    return 0;
}

static size_t count_children(const struct vt_yaml_node *node)
{
    size_t count = 0;

    for (const struct vt_yaml_node *child = node ? node->children : NULL; child;
         child = child->next)
        count++;
    return count;
}

static int read_aliases(const char *path, const struct vt_yaml_node *map, char ***ret,
                        struct vt_error *err)
{
    const struct vt_yaml_node *list = vt_yaml_tree_get(map, "aliases");
    size_t count = 0;

    if (list && list->kind != VT_YAML_LIST)
        return vt_yaml_tree_refuse(path, list, err, "aliases: give a list");
    *ret = vt_calloc(count_children(list) + 1, sizeof(**ret));
    for (const struct vt_yaml_node *node = list ? list->children : NULL; node; node = node->next) {
        if (node->kind != VT_YAML_TEXT || !is_name(node->text))
            return vt_yaml_tree_refuse(path, node, err, "aliases: " A_NAME);
        (*ret)[count++] = vt_strdup(node->text);
    }
    return 0;
}

static int need(const char *path, const struct vt_yaml_node *map, const char *what, bool is_there,
                struct vt_error *err)
{
    return is_there ? 0 : vt_yaml_tree_refuse(path, map, err, "%s is missing", what);
}

static int read_release(const char *path, const struct vt_yaml_node *map,
                        const struct vt_distribution *of, struct vt_release *release,
                        struct vt_error *err)
{
    int r;

    if (map->kind != VT_YAML_MAP)
        return vt_yaml_tree_refuse(path, map, err, "a release is a mapping (key: value)");
    r = read_texts(path, map, release_keys, "aliases", release, err);
    if (r == 0)
        r = read_aliases(path, map, &release->aliases, err);
    if (r == 0)
        r = need(path, map, "version", release->version, err);
    if (r == 0)
        r = need(path, map, "url", release->url, err);
    if (r == 0 && !release->user)
        release->user = vt_strdup(of->user);
    if (r == 0)
        r = need(path, map, "user (here or of the distribution)", release->user, err);
    if (r == 0 && release->checksum && release->checksum_url)
        r = vt_yaml_tree_refuse(path, map, err, "give checksum or checksum_url, not both");
    if (r == 0 && release->signature_url && !release->checksum_url)
        r = vt_yaml_tree_refuse(path, map, err,
                                "signature_url: the file that it signs, checksum_url, is missing");
    return r;
}

static bool is_called(const struct vt_release *release, const char *name)
{
    if (vt_streq(release->version, name))
        return true;
    for (size_t i = 0; release->aliases[i]; i++) {
        if (vt_streq(release->aliases[i], name))
            return true;
    }
    return false;
}

/* A name that two releases have would be whichever stands first. */
static int check_names(const char *path, const struct vt_yaml_node *node,
                       const struct vt_distribution *d, struct vt_error *err)
{
    const struct vt_release *last = &d->releases[d->release_count - 1];

    for (const struct vt_release *other = d->releases; other < last; other++) {
        const char *twice = is_called(other, last->version) ? last->version : NULL;

        for (size_t i = 0; !twice && last->aliases[i]; i++)
            twice = is_called(other, last->aliases[i]) ? last->aliases[i] : NULL;
        if (twice)
            return vt_yaml_tree_refuse(path, node, err, "another release is called %s already",
                                       twice);
    }
    return 0;
}

static int read_releases(const char *path, const struct vt_yaml_node *map,
                         struct vt_distribution *d, struct vt_error *err)
{
    const struct vt_yaml_node *list = vt_yaml_tree_get(map, "releases");
    int r = need(path, map, "releases", list, err);

    if (r == 0 && (list->kind != VT_YAML_LIST || !list->children))
        r = vt_yaml_tree_refuse(path, list, err, "releases: give a list of at least one");
    if (r < 0)
        return r;
    d->releases = vt_calloc(count_children(list), sizeof(*d->releases));
    for (const struct vt_yaml_node *node = list->children; r == 0 && node; node = node->next) {
        r = read_release(path, node, d, &d->releases[d->release_count++], err);
        if (r == 0)
            r = check_names(path, node, d, err);
    }
    return r;
}

int vt_distribution_parse(const char *path, const char *text, size_t len,
                          struct vt_distribution *ret, struct vt_error *err)
{
    VT_AUTO_YAML_TREE struct vt_yaml_node *map = NULL;
    VT_CLEANUP(vt_distribution_done) struct vt_distribution d = {.file = vt_strdup(path)};
    int r = vt_yaml_tree_read(path, text, len, &map, err);

    if (r == 0)
        r = read_texts(path, map, distribution_keys, "releases", &d, err);
    if (r == 0)
        r = read_aliases(path, map, &d.aliases, err);
    if (r == 0)
        r = need(path, map, "name", d.name, err);
    if (r == 0)
        r = need(path, map, "architecture", vt_yaml_tree_get(map, "architecture"), err);
    if (r == 0)
        r = read_releases(path, map, &d, err);
    if (r < 0)
        return r;
    if (!d.title)
        d.title = vt_strdup(d.name);
    *ret = d;
    d = (struct vt_distribution){0};
    return 0;
}

/* ---- reading directories ---- */

static int read_file(const char *path, struct vt_distribution *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    size_t len;
    int r = vt_file_read(path, FILE_MAX, &text, &len);

    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_USAGE, -r, "cannot read %s of the catalogue", path);
    return vt_distribution_parse(path, text, len, ret, err);
}

static const struct vt_distribution *find_named(const struct vt_catalogue *catalogue, size_t count,
                                                const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (vt_streq(catalogue->distributions[i].name, name))
            return &catalogue->distributions[i];
    }
    return NULL;
}

/* Add the file @path; the first @earlier distributions are those of a directory that wins. */
static int add_file(struct vt_catalogue *catalogue, size_t earlier, const char *path,
                    struct vt_error *err)
{
    VT_CLEANUP(vt_distribution_done) struct vt_distribution d = {0};
    const struct vt_distribution *other;
    int r = read_file(path, &d, err);

    if (r < 0)
        return r;
    assert(d.name); /* or it would have been refused */
    if (find_named(catalogue, earlier, d.name))
        return 0;
    other = find_named(catalogue, catalogue->count, d.name);
    if (other)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "%s and %s both describe '%s': a distribution has one file",
                            other->file, path, d.name);
    catalogue->distributions[catalogue->count++] = d;
    d = (struct vt_distribution){0};
    return 0;
}

static int is_catalogue_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && dot && vt_streq(dot, ".yaml");
}

static int add_dir(struct vt_catalogue *catalogue, const char *dir, bool needed,
                   struct vt_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_catalogue_file, alphasort), r = 0;
    size_t earlier = catalogue->count;

    if (count < 0 && errno == ENOENT && !needed)
        return 0;
    if (count < 0)
        return vt_error_errno(err, VT_CAUSE_USAGE, errno, "cannot read the catalogue %s", dir);
    if (count > FILES_MAX)
        r = vt_error_set(err, VT_CAUSE_USAGE, -E2BIG, "the catalogue %s has more than %d files",
                         dir, FILES_MAX);
    if (r == 0) {
        catalogue->distributions =
            reallocarray(catalogue->distributions, earlier + (size_t)count + 1,
                         sizeof(*catalogue->distributions));
        if (!catalogue->distributions)
            abort();
    }
    for (int i = 0; i < count; i++) {
        VT_AUTO_FREE char *path = vt_fmt("%s/%s", dir, entries[i]->d_name);

        if (r == 0)
            r = add_file(catalogue, earlier, path, err);
        free(entries[i]);
    }
    free(entries);
    return r;
}

int vt_catalogue_read(const char *own, const char *shipped, struct vt_catalogue *ret,
                      struct vt_error *err)
{
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};
    int r = own ? add_dir(&catalogue, own, true, err) : 0;

    if (r == 0)
        r = add_dir(&catalogue, shipped, false, err);
    if (r < 0)
        return r;
    *ret = catalogue;
    catalogue = (struct vt_catalogue){0};
    return 0;
}

void vt_today(char ret[VT_DAY_TEXT])
{
    time_t now = time(NULL);
    struct tm tm;

    (void)strftime(ret, VT_DAY_TEXT, "%Y-%m-%d", gmtime_r(&now, &tm));
}
