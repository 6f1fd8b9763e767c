/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/agent_wire.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/base64.h"
#include "base/object.h"
#include "base/str.h"

/* libvirt takes no longer answer from an agent (QEMU_AGENT_MAX_RESPONSE). */
#define MAX_REPLY (10 << 20)
/* No answer that is understood here is nested deeper than this. */
#define MAX_DEPTH 8

#define CHANNEL "name='org.qemu.guest_agent.0'"

/* ---- requests ---- */

/* @arguments (may be NULL) is taken over. */
static char *ask(const char *command, struct json_object *arguments)
{
    VT_AUTO_OBJECT struct json_object *request = json_object_new_object();

    json_object_object_add(request, "execute", json_object_new_string(command));
    if (arguments)
        json_object_object_add(request, "arguments", arguments);
    return vt_strdup(json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
}

char *vt_agent_ask(const char *command)
{
    return ask(command, NULL);
}

static void add_base64(struct json_object *object, const char *name, const void *data, size_t len)
{
    VT_AUTO_FREE char *text = vt_base64_encode(data, len);

    json_object_object_add(object, name, json_object_new_string(text));
}

char *vt_agent_ask_exec(const char *const *argv, const void *input, size_t len)
{
    struct json_object *arguments = json_object_new_object();
    struct json_object *rest = json_object_new_array();

    for (size_t i = 1; argv[i]; i++)
        (void)json_object_array_add(rest, json_object_new_string(argv[i]));
    json_object_object_add(arguments, "path", json_object_new_string(argv[0]));
    json_object_object_add(arguments, "arg", rest);
    if (input)
        add_base64(arguments, "input-data", input, len);
    return ask("guest-exec", arguments);
}

static struct json_object *one_number(const char *name, int64_t number)
{
    struct json_object *arguments = json_object_new_object();

    json_object_object_add(arguments, name, json_object_new_int64(number));
    return arguments;
}

char *vt_agent_ask_exec_status(int64_t pid)
{
    return ask("guest-exec-status", one_number("pid", pid));
}

char *vt_agent_ask_file_open(const char *path, const char *mode)
{
    struct json_object *arguments = json_object_new_object();

    json_object_object_add(arguments, "path", json_object_new_string(path));
    json_object_object_add(arguments, "mode", json_object_new_string(mode));
    return ask("guest-file-open", arguments);
}

char *vt_agent_ask_file(const char *command, int64_t handle)
{
    return ask(command, one_number("handle", handle));
}

char *vt_agent_ask_file_read(int64_t handle, size_t count)
{
    struct json_object *arguments = one_number("handle", handle);

    json_object_object_add(arguments, "count", json_object_new_int64((int64_t)count));
    return ask("guest-file-read", arguments);
}

char *vt_agent_ask_file_write(int64_t handle, const void *data, size_t len)
{
    struct json_object *arguments = one_number("handle", handle);

    add_base64(arguments, "buf-b64", data, len);
    return ask("guest-file-write", arguments);
}

/* ---- answers ---- */

/* The whole of @reply as JSON, or NULL. */
static struct json_object *parse(const char *reply)
{
    size_t len = strlen(reply);
    struct json_tokener *tokener;
    struct json_object *object;

    if (len > MAX_REPLY)
        return NULL;
    tokener = json_tokener_new_ex(MAX_DEPTH);
    if (!tokener)
        abort(); /* out of memory */
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    object = json_tokener_parse_ex(tokener, reply, (int)len + 1);
    json_tokener_free(tokener);
    return object;
}

/* The member @name of @object if it is of @type, else NULL. */
static struct json_object *member(struct json_object *object, const char *name, json_type type)
{
    struct json_object *found = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, name, &found) || !json_object_is_type(found, type))
        return NULL;
    return found;
}

/* What is no number there is -1. */
static int64_t number_of(struct json_object *object)
{
    return json_object_is_type(object, json_type_int) ? json_object_get_int64(object) : -1;
}

int vt_agent_read_number(const char *reply, const char *name, int64_t *ret)
{
    VT_AUTO_OBJECT struct json_object *object = parse(reply);
    struct json_object *found;
    int64_t number;

    if (name)
        found = member(member(object, "return", json_type_object), name, json_type_int);
    else
        found = member(object, "return", json_type_int);
    number = number_of(found);
    if (number < 0)
        return -EBADMSG;
    *ret = number;
    return 0;
}

int vt_agent_read_exec_status(const char *reply, struct vt_agent_exec_status *ret)
{
    VT_AUTO_OBJECT struct json_object *object = parse(reply);
    struct json_object *body = member(object, "return", json_type_object);
    struct json_object *exited = member(body, "exited", json_type_boolean);
    int64_t code = number_of(member(body, "exitcode", json_type_int));
    int64_t signal = number_of(member(body, "signal", json_type_int));

    if (!exited)
        return -EBADMSG;
    if (!json_object_get_boolean(exited)) {
        *ret = (struct vt_agent_exec_status){false, 0};
        return 0;
    }
    if (code < 0 && signal < 0)
        return -EBADMSG;
    *ret = (struct vt_agent_exec_status){
        .exited = true,
        .status = code >= 0 ? (int)(code & 0xff) : 128 + (int)(signal & 0x7f),
    };
    return 0;
}

static bool is_enabled(struct json_object *entry, const char *command)
{
    struct json_object *name = member(entry, "name", json_type_string);
    struct json_object *enabled = member(entry, "enabled", json_type_boolean);

    return name && enabled && vt_streq(json_object_get_string(name), command) &&
           json_object_get_boolean(enabled);
}

bool vt_agent_read_enabled(const char *reply, const char *command)
{
    VT_AUTO_OBJECT struct json_object *object = parse(reply);
    struct json_object *body = member(object, "return", json_type_object);
    struct json_object *list = member(body, "supported_commands", json_type_array);

    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        if (is_enabled(json_object_array_get_idx(list, i), command))
            return true;
    }
    return false;
}

int vt_agent_read_chunk(const char *reply, size_t max, char **ret, size_t *ret_len, bool *ret_eof)
{
    VT_AUTO_OBJECT struct json_object *object = parse(reply);
    struct json_object *body = member(object, "return", json_type_object);
    struct json_object *text = member(body, "buf-b64", json_type_string);
    struct json_object *eof = member(body, "eof", json_type_boolean);
    VT_AUTO_FREE char *data = NULL;
    size_t len;

    if (!text || !eof ||
        strlen(json_object_get_string(text)) != (size_t)json_object_get_string_len(text) ||
        vt_base64_decode(json_object_get_string(text), &data, &len) < 0 || len > max)
        return -EBADMSG;
    *ret = VT_TAKE_PTR(data);
    *ret_len = len;
    *ret_eof = json_object_get_boolean(eof);
    return 0;
}

bool vt_agent_is_connected(const char *domain_xml)
{
    const char *name = strstr(domain_xml, CHANNEL);
    const char *end = name ? strchr(name, '>') : NULL;
    const char *state = name ? strstr(name, "state='connected'") : NULL;

    return state && end && state < end;
}
