/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <json-c/json.h>
#include <stdio.h>

#include "base/object.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"

enum { JSON };
static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "as a JSON array of one object (docs/state-json.md)", NULL, 0, 0},
    {0},
};

static void print_json(const struct vt_status *status)
{
    struct json_object *guests = json_object_new_array(), *guest = json_object_new_object();

    vt_object_add_text_or_null(guest, "name", status->name);
    vt_object_add_text_or_null(guest, "uuid", status->uuid);
    vt_object_add_text_or_null(guest, "state", vt_phase_name(status->phase));
    vt_object_add_text_or_null(guest, "address", status->address);
    (void)json_object_array_add(guests, guest);
    printf("%s\n", json_object_to_json_string_ext(guests, JSON_C_TO_STRING_SPACED |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE));
    (void)json_object_put(guests);
}

static const char *or_dash(const char *s)
{
    return s ? s : "-";
}

static void print_table(const struct vt_status *status)
{
    int width = (int)strlen(status->name) < 8 ? 8 : (int)strlen(status->name);

    printf("%-*s  %-36s  %-9s  %s\n", width, "NAME", "ID", "STATE", "ADDRESS");
    printf("%-*s  %-36s  %-9s  %s\n", width, status->name, or_dash(status->uuid),
           vt_phase_name(status->phase), or_dash(status->address));
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_STATUS struct vt_status status = {0};
    int r = vt_guest_status(&status, err);

    if (r < 0)
        return r;
    if (call->flags[JSON])
        print_json(&status);
    else
        print_table(&status);
    return 0;
}

const struct vt_command vt_cmd_list = {
    .name = "list",
    .summary = "list the guest: name, id, state, address",
    .flags = flags,
    .details = "List this container's guest: its name, its id, its state and the address\n"
               "where it is reached. In a container that runs none, it is the guest in the\n"
               "data directory.",
    .run = run,
};
