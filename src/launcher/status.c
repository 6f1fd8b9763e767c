/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/status.h"

#include <assert.h>
#include <errno.h>
#include <json-c/json.h>

#include "base/object.h"
#include "base/str.h"
#include "host/files.h"

#define STATUS_LIMIT 65536
/* Raised when a field changes its meaning or goes away; new fields do not raise it. */
#define SCHEMA_VERSION 1

static const char *const phase_names[] = {"preparing", "resuming", "running", "paused",
                                          "saving",    "stopping", "stopped", "saved"};
static_assert(VT_ARRAY_SIZE(phase_names) == VT_PHASE_MAX_, "every phase has a name");

const char *vt_phase_name(enum vt_phase phase)
{
    return phase_names[phase];
}

void vt_status_done(struct vt_status *status)
{
    free(status->name);
    free(status->uuid);
    free(status->accelerator);
    free(status->network);
    free(status->address);
    free(status->guest_address);
    free(status->address6);
    free(status->guest_address6);
    free(status->mac);
    free(status->network_card);
    free(status->overlay);
    free(status->base);
    free(status->disk_bus);
    vt_ready_done(&status->ready);
    free(status->ssh_user);
    free(status->problem);
    *status = (struct vt_status){0};
}

bool vt_status_has_network(const struct vt_status *status)
{
    return !status->network || !vt_streq(status->network, "none");
}

/* The string fields and their names in JSON. */
static const struct {
    const char *name;
    size_t offset;
} strings[] = {
    {"name", offsetof(struct vt_status, name)},
    {"uuid", offsetof(struct vt_status, uuid)},
    {"accelerator", offsetof(struct vt_status, accelerator)},
    {"network", offsetof(struct vt_status, network)},
    {"address", offsetof(struct vt_status, address)},
    {"guest_address", offsetof(struct vt_status, guest_address)},
    {"address6", offsetof(struct vt_status, address6)},
    {"guest_address6", offsetof(struct vt_status, guest_address6)},
    {"mac", offsetof(struct vt_status, mac)},
    {"network_card", offsetof(struct vt_status, network_card)},
    {"overlay", offsetof(struct vt_status, overlay)},
    {"base", offsetof(struct vt_status, base)},
    {"disk_bus", offsetof(struct vt_status, disk_bus)},
    {"ssh_user", offsetof(struct vt_status, ssh_user)},
    {"problem", offsetof(struct vt_status, problem)},
};

char *vt_status_json(const struct vt_status *status)
{
    struct json_object *object = json_object_new_object();
    char *text;

    json_object_object_add(object, "version", json_object_new_int(SCHEMA_VERSION));
    vt_object_add_text_or_null(object, "state", phase_names[status->phase]);
    json_object_object_add(object, "since", json_object_new_int64(status->since));
    for (size_t i = 0; i < VT_ARRAY_SIZE(strings); i++)
        vt_object_add_text_or_null(object, strings[i].name,
                                   *(char *const *)((const char *)status + strings[i].offset));
    json_object_object_add(object, "address_pending",
                           json_object_new_boolean(status->address_pending));
    json_object_object_add(object, "cpus", json_object_new_int64(status->cpus));
    json_object_object_add(object, "ram_bytes", json_object_new_int64((int64_t)status->ram));
    json_object_object_add(object, "disk_bytes", json_object_new_int64((int64_t)status->disk_size));
    json_object_object_add(object, "qemu_pid",
                           status->qemu_pid ? json_object_new_int(status->qemu_pid) : NULL);
    json_object_object_add(object, "ready", vt_ready_to_json(&status->ready));
    text = vt_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_SPACED |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)json_object_put(object);
    return text;
}

int vt_status_write(const struct vt_status *status)
{
    VT_AUTO_FREE char *text = vt_status_json(status);
    VT_AUTO_FREE char *line = vt_fmt("%s\n", text);

    return vt_file_write_volatile(VT_STATUS_PATH, line, strlen(line), 0644);
}

static int64_t get_number(struct json_object *object, const char *name)
{
    return json_object_get_int64(json_object_object_get(object, name));
}

/* The phase called @name, or VT_PHASE_MAX_. */
static enum vt_phase find_phase(const char *name)
{
    enum vt_phase phase = 0;

    while (name && phase < VT_PHASE_MAX_ && !vt_streq(name, phase_names[phase]))
        phase++;
    return name ? phase : VT_PHASE_MAX_;
}

static void fill(struct vt_status *status, struct json_object *object)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(strings); i++) {
        const char *value = json_object_get_string(json_object_object_get(object, strings[i].name));

        *(char **)((char *)status + strings[i].offset) = vt_strdup(value);
    }
    status->address_pending =
        json_object_get_boolean(json_object_object_get(object, "address_pending"));
    status->since = get_number(object, "since");
    status->cpus = (unsigned)get_number(object, "cpus");
    status->ram = (uint64_t)get_number(object, "ram_bytes");
    status->disk_size = (uint64_t)get_number(object, "disk_bytes");
    status->qemu_pid = (pid_t)get_number(object, "qemu_pid");
    vt_ready_from_json(json_object_object_get(object, "ready"), &status->ready);
}

int vt_status_parse(const char *text, struct vt_status *ret)
{
    struct json_object *object = json_tokener_parse(text);
    enum vt_phase phase =
        find_phase(json_object_get_string(json_object_object_get(object, "state")));

    *ret = (struct vt_status){0};
    if (phase != VT_PHASE_MAX_) {
        ret->phase = phase;
        fill(ret, object);
    }
    (void)json_object_put(object);
    return phase == VT_PHASE_MAX_ ? -EBADMSG : 0;
}

int vt_status_read(struct vt_status *ret, struct vt_error *err)
{
    VT_AUTO_FREE char *text = NULL;
    int r = vt_file_read(VT_STATUS_PATH, STATUS_LIMIT, &text, NULL);

    *ret = (struct vt_status){0};
    if (r == -ENOENT)
        return vt_error_set(err, VT_CAUSE_USAGE, r,
                            "no virtainer runs here: use this command through docker exec");
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot read " VT_STATUS_PATH);
    r = vt_status_parse(text, ret);
    if (r < 0)
        return vt_error_set(err, VT_CAUSE_INTERNAL, r, VT_STATUS_PATH " tells no state");
    return 0;
}
