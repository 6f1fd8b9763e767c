/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which image of the catalogue a name means; and when it means none, which was meant. */
#include <errno.h>

#include "base/str.h"
#include "base/text.h"
#include "image/catalogue.h"

/* How many names a message offers. */
#define OFFERED_MAX 3

static bool has(char *const *aliases, const char *name)
{
    for (size_t i = 0; aliases[i]; i++) {
        if (vt_streq(aliases[i], name))
            return true;
    }
    return false;
}

static const struct vt_distribution *find_distribution(const struct vt_catalogue *catalogue,
                                                       const char *name)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        if (vt_streq(catalogue->distributions[i].name, name))
            return &catalogue->distributions[i];
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        if (has(catalogue->distributions[i].aliases, name))
            return &catalogue->distributions[i];
    }
    return NULL;
}

static const struct vt_release *find_release(const struct vt_distribution *distribution,
                                             const char *name)
{
    for (size_t i = 0; i < distribution->release_count; i++) {
        const struct vt_release *release = &distribution->releases[i];

        if (vt_streq(release->version, name) || has(release->aliases, name))
            return release;
    }
    return NULL;
}

/* The days are written so that they sort as texts. */
bool vt_release_has_ended(const struct vt_release *release, const char *today)
{
    return release->end_of_life && strcmp(release->end_of_life, today) < 0;
}

static const struct vt_release *newest(const struct vt_distribution *distribution,
                                       const char *today)
{
    for (size_t i = 0; i < distribution->release_count; i++) {
        if (!vt_release_has_ended(&distribution->releases[i], today))
            return &distribution->releases[i];
    }
    return &distribution->releases[0];
}

/* How far @name is from what @distribution is called; a beginning of a name is near. */
static size_t distance_to(const struct vt_distribution *distribution, const char *name)
{
    size_t best =
        vt_startswith(distribution->name, name) ? 0 : vt_text_distance(name, distribution->name);

    for (size_t i = 0; distribution->aliases[i]; i++) {
        size_t other = vt_text_distance(name, distribution->aliases[i]);

        best = other < best ? other : best;
    }
    return best;
}

static void add_name(struct vt_buf *out, const char *name)
{
    vt_buf_addf(out, "%s%s", out->len > 0 ? ", " : "", name);
}

/* The names that look like @name, the nearest first; or all of them. */
static void add_nearest(struct vt_buf *out, const struct vt_catalogue *catalogue, const char *name)
{
    size_t near = strlen(name) < 5 ? 1 : 2, offered = 0;

    for (size_t d = 0; d <= near; d++) {
        for (size_t i = 0; i < catalogue->count && offered < OFFERED_MAX; i++) {
            if (distance_to(&catalogue->distributions[i], name) != d)
                continue;
            add_name(out, catalogue->distributions[i].name);
            offered++;
        }
    }
    for (size_t i = 0; offered == 0 && i < catalogue->count; i++)
        add_name(out, catalogue->distributions[i].name);
}

static int unknown_name(const struct vt_catalogue *catalogue, const char *image, const char *family,
                        struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf names = VT_BUF_INIT(4096);

    if (catalogue->count == 0)
        return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                            "IMAGE=%s is a name of the catalogue, and the catalogue is empty: give "
                            "a path, which begins with /, or IMAGE_URL",
                            image);
    add_nearest(&names, catalogue, family);
    return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                        "IMAGE=%s: the catalogue has no '%s'; it has %s (virtainer image list "
                        "tells all; a path begins with /)",
                        image, family, vt_buf_str(&names));
}

static int unknown_release(const struct vt_distribution *distribution, const char *image,
                           const char *release, struct vt_error *err)
{
    VT_AUTO_BUF struct vt_buf versions = VT_BUF_INIT(4096);

    for (size_t i = 0; i < distribution->release_count; i++)
        add_name(&versions, distribution->releases[i].version);
    return vt_error_set(err, VT_CAUSE_NO_IMAGE, -ENOENT,
                        "IMAGE=%s: the catalogue has no release '%s' of %s; it has %s", image,
                        release, distribution->title, vt_buf_str(&versions));
}

/* A codename alone. */
static bool find_codename(const struct vt_catalogue *catalogue, const char *name,
                          struct vt_entry *ret)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct vt_distribution *distribution = &catalogue->distributions[i];

        for (size_t j = 0; j < distribution->release_count; j++) {
            if (has(distribution->releases[j].aliases, name)) {
                *ret = (struct vt_entry){distribution, &distribution->releases[j], false};
                return true;
            }
        }
    }
    return false;
}

int vt_catalogue_find(const struct vt_catalogue *catalogue, const char *name, const char *today,
                      struct vt_entry *ret, struct vt_error *err)
{
    size_t len = strcspn(name, ":");
    VT_AUTO_FREE char *family = vt_strndup(name, len);
    const char *wanted = name[len] ? name + len + 1 : NULL;
    const struct vt_distribution *distribution = find_distribution(catalogue, family);
    const struct vt_release *release;

    if (!distribution)
        return !wanted && find_codename(catalogue, family, ret)
                   ? 0
                   : unknown_name(catalogue, name, family, err);
    if (!wanted || vt_streq(wanted, "latest")) {
        *ret = (struct vt_entry){distribution, newest(distribution, today), true};
        return 0;
    }
    release = find_release(distribution, wanted);
    if (!release)
        return unknown_release(distribution, name, wanted, err);
    *ret = (struct vt_entry){distribution, release, false};
    return 0;
}
