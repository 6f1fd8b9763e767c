/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/ready.h"

#include <assert.h>
#include <json-c/json.h>

#include "base/str.h"

const char *const vt_milestone_names[] = {"running", "network", "ssh", "cloud-init", "ready", NULL};
static_assert(VT_ARRAY_SIZE(vt_milestone_names) == VT_MILESTONE_MAX_ + 1,
              "every milestone has a name");

static const char *const cloud_init_names[] = {NULL, "pending", "done", "degraded", "error"};
static_assert(VT_ARRAY_SIZE(cloud_init_names) == VT_CLOUD_INIT_MAX_, "every state has a name");

void vt_ready_done(struct vt_ready *ready)
{
    free(ready->detail);
    *ready = (struct vt_ready){0};
}

bool vt_ready_began_anew(const struct vt_ready *was, const struct vt_ready *is)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(was->passed); i++) {
        if (was->passed[i] && is->passed[i] != was->passed[i])
            return true;
    }
    return is->cloud_init < was->cloud_init;
}

const char *vt_milestone_name(enum vt_milestone milestone)
{
    return vt_milestone_names[milestone];
}

enum vt_milestone vt_milestone_find(const char *name)
{
    enum vt_milestone milestone = 0;

    while (milestone < VT_MILESTONE_MAX_ && !vt_streq(name, vt_milestone_names[milestone]))
        milestone++;
    return milestone;
}

const char *vt_cloud_init_name(enum vt_cloud_init state)
{
    return cloud_init_names[state];
}

static struct json_object *cloud_init_to_json(const struct vt_ready *ready)
{
    struct json_object *object;

    if (ready->cloud_init == VT_CLOUD_INIT_UNSEEN)
        return NULL;
    object = json_object_new_object();
    json_object_object_add(object, "state",
                           json_object_new_string(cloud_init_names[ready->cloud_init]));
    json_object_object_add(object, "at", json_object_new_int64(ready->cloud_init_at));
    json_object_object_add(object, "detail",
                           ready->detail ? json_object_new_string(ready->detail) : NULL);
    return object;
}

struct json_object *vt_ready_to_json(const struct vt_ready *ready)
{
    struct json_object *object = json_object_new_object();

    for (size_t i = 0; i < VT_ARRAY_SIZE(ready->passed); i++)
        json_object_object_add(object, vt_milestone_names[i],
                               ready->passed[i] ? json_object_new_int64(ready->passed[i]) : NULL);
    json_object_object_add(object, "cloud_init", cloud_init_to_json(ready));
    return object;
}

static void cloud_init_from_json(struct json_object *object, struct vt_ready *ret)
{
    const char *state = json_object_get_string(json_object_object_get(object, "state"));

    for (enum vt_cloud_init i = VT_CLOUD_INIT_PENDING; state && i < VT_CLOUD_INIT_MAX_; i++) {
        if (vt_streq(state, cloud_init_names[i]))
            ret->cloud_init = i;
    }
    if (ret->cloud_init == VT_CLOUD_INIT_UNSEEN)
        return;
    ret->cloud_init_at = json_object_get_int64(json_object_object_get(object, "at"));
    ret->detail = vt_strdup(json_object_get_string(json_object_object_get(object, "detail")));
}

void vt_ready_from_json(struct json_object *object, struct vt_ready *ret)
{
    *ret = (struct vt_ready){0};
    for (size_t i = 0; i < VT_ARRAY_SIZE(ret->passed); i++)
        ret->passed[i] =
            json_object_get_int64(json_object_object_get(object, vt_milestone_names[i]));
    cloud_init_from_json(json_object_object_get(object, "cloud_init"), ret);
}
