/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue for people and for programs. */
#include <json-c/json.h>

#include "base/str.h"
#include "image/catalogue.h"

static void add(struct json_object *object, const char *name, const char *value)
{
    json_object_object_add(object, name, value ? json_object_new_string(value) : NULL);
}

static struct json_object *names(char *const *texts)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; texts[i]; i++)
        (void)json_object_array_add(array, json_object_new_string(texts[i]));
    return array;
}

static struct json_object *entry_json(const struct vt_distribution *distribution,
                                      const struct vt_release *release, const char *today)
{
    struct json_object *object = json_object_new_object();

    add(object, "name", distribution->name);
    add(object, "title", distribution->title);
    add(object, "release", release->version);
    json_object_object_add(object, "aliases", names(release->aliases));
    add(object, "user", release->user);
    add(object, "osinfo", release->osinfo);
    add(object, "end_of_life", release->end_of_life);
    json_object_object_add(object, "ended",
                           json_object_new_boolean(vt_release_has_ended(release, today)));
    add(object, "url", release->url);
    add(object, "checksum", release->checksum ? release->checksum : release->checksum_url);
    add(object, "signature", release->signature_url);
    return object;
}

char *vt_catalogue_json(const struct vt_catalogue *catalogue, const char *today)
{
    struct json_object *array = json_object_new_array();
    char *text;

    for (size_t i = 0; i < catalogue->count; i++) {
        const struct vt_distribution *distribution = &catalogue->distributions[i];

        for (size_t j = 0; j < distribution->release_count; j++)
            (void)json_object_array_add(
                array, entry_json(distribution, &distribution->releases[j], today));
    }
    text = vt_strdup(json_object_to_json_string_ext(
        array, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)json_object_put(array);
    return text;
}

static void add_release(struct vt_buf *out, const struct vt_distribution *distribution,
                        const struct vt_release *release, const char *today)
{
    VT_AUTO_FREE char *name = vt_fmt("%s:%s", distribution->name, release->version);
    VT_AUTO_FREE char *end = vt_fmt("%s%s", release->end_of_life ? release->end_of_life : "-",
                                    vt_release_has_ended(release, today) ? " (past)" : "");

    vt_buf_addf(out, "%-22s  %-10s  %-*s", name, release->user, release->aliases[0] ? 17 : 0, end);
    for (size_t i = 0; release->aliases[i]; i++)
        vt_buf_addf(out, "%s%s", i == 0 ? "  " : ", ", release->aliases[i]);
    vt_buf_adds(out, "\n");
}

char *vt_catalogue_text(const struct vt_catalogue *catalogue, const char *today)
{
    struct vt_buf out = VT_BUF_INIT(1 << 20);

    vt_buf_addf(&out, "%-22s  %-10s  %-17s  %s\n", "IMAGE", "USER", "END OF LIFE", "ALSO");
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct vt_distribution *distribution = &catalogue->distributions[i];

        for (size_t j = 0; j < distribution->release_count; j++)
            add_release(&out, distribution, &distribution->releases[j], today);
    }
    return vt_buf_take(&out);
}
