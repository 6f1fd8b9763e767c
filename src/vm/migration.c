/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/migration.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <libvirt/libvirt-qemu.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/object.h"
#include "base/str.h"
#include "host/libvirt_error.h"

/* ms. QEMU breaks off in a few, so that there is no need to listen for its event. */
#define PAUSE   5
#define LONGEST 10000

/* How libvirt calls the descriptors: its qemuMonitorMigrateToFdSet(). */
#define FILE_PREFIX "libvirt-outgoing-migrate"

bool vt_migration_is_over(const char *reply)
{
    static const char *const ends[] = {"none", "cancelled", "completed", "failed"};
    VT_AUTO_OBJECT json_object *object = json_tokener_parse(reply);
    json_object *info = NULL, *status = NULL;

    if (!json_object_object_get_ex(object, "return", &info) ||
        !json_object_object_get_ex(info, "status", &status))
        return true;
    for (size_t i = 0; i < VT_ARRAY_SIZE(ends); i++)
        if (vt_streq(json_object_get_string(status), ends[i]))
            return true;
    return false;
}

/* json_object_array_length() of what may not be an array. */
static size_t length(json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static bool is_for_migration(json_object *set)
{
    json_object *fds = json_object_object_get(set, "fds");

    for (size_t i = 0; i < length(fds); i++) {
        json_object *fd = json_object_array_get_idx(fds, i);
        const char *name = json_object_get_string(json_object_object_get(fd, "opaque"));

        if (name && strncmp(name, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
            return true;
    }
    return false;
}

size_t vt_migration_file_sets(const char *reply, int64_t **ret)
{
    VT_AUTO_OBJECT json_object *object = json_tokener_parse(reply);
    json_object *sets = json_object_object_get(object, "return");
    size_t count = 0;

    *ret = vt_calloc(length(sets) + 1, sizeof(**ret));
    for (size_t i = 0; i < length(sets); i++) {
        json_object *set = json_object_array_get_idx(sets, i);

        if (is_for_migration(set))
            (*ret)[count++] = json_object_get_int64(json_object_object_get(set, "fdset-id"));
    }
    return count;
}

static int ask(virDomainPtr domain, const char *command, char **ret_reply, struct vt_error *err)
{
    if (virDomainQemuMonitorCommand(domain, command, ret_reply, 0) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot ask QEMU about an earlier save");
    return 0;
}

static int await_end(virDomainPtr domain, struct vt_error *err)
{
    int64_t deadline = vt_now_ms() + LONGEST;

    do {
        VT_AUTO_FREE char *reply = NULL;
        int r = ask(domain, "{\"execute\":\"query-migrate\"}", &reply, err);

        if (r < 0 || vt_migration_is_over(reply))
            return r;
        (void)poll(NULL, 0, PAUSE);
    } while (vt_now_ms() < deadline);
    return vt_error_set(err, VT_CAUSE_LIBVIRT, -ETIMEDOUT,
                        "QEMU does not end the save that was cut off");
}

static int close_files(virDomainPtr domain, struct vt_error *err)
{
    VT_AUTO_FREE char *reply = NULL;
    VT_AUTO_FREE int64_t *sets = NULL;
    int r = ask(domain, "{\"execute\":\"query-fdsets\"}", &reply, err);
    size_t count = r < 0 ? 0 : vt_migration_file_sets(reply, &sets);

    for (size_t i = 0; r == 0 && i < count; i++) {
        VT_AUTO_FREE char *answer = NULL;
        VT_AUTO_FREE char *command =
            vt_fmt("{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":%" PRId64 "}}", sets[i]);

        r = ask(domain, command, &answer, err);
    }
    return r;
}

int vt_migration_clear(virDomainPtr domain, struct vt_error *err)
{
    int r = await_end(domain, err);

    return r < 0 ? r : close_files(domain, err);
}
