/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue for people and for programs. */
#include <json-c/json.h>

#include "base/object.h"
#include "base/str.h"
#include "image/catalogue.h"

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

    vt_object_add_text_or_null(object, "name", distribution->name);
    vt_object_add_text_or_null(object, "title", distribution->title);
    vt_object_add_text_or_null(object, "release", release->version);
    json_object_object_add(object, "aliases", names(release->aliases));
    vt_object_add_text_or_null(object, "user", release->user);
    vt_object_add_text_or_null(object, "osinfo", release->osinfo);
    vt_object_add_text_or_null(object, "end_of_life", release->end_of_life);
    json_object_object_add(object, "ended",
                           json_object_new_boolean(vt_release_has_ended(release, today)));
    vt_object_add_text_or_null(object, "url", release->url);
    vt_object_add_text_or_null(object, "checksum",
                               release->checksum ? release->checksum : release->checksum_url);
    vt_object_add_text_or_null(object, "signature", release->signature_url);
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
