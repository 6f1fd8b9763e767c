/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/protocol.h"

#include <assert.h>
#include <errno.h>
#include <json-c/json.h>

#include "base/str.h"
#include "base/text.h"

/* Ours have one level; json-c would allow 32. */
#define MAX_DEPTH 4

static const char *const kind_names[] = {"stop", "wait", "console"};
static_assert(VT_ARRAY_SIZE(kind_names) == VT_REQUEST_MAX_, "every request has a name");

static void drop_object(struct json_object **object)
{
    (void)json_object_put(*object);
}

static void drop_tokener(struct json_tokener **tokener)
{
    if (*tokener)
        json_tokener_free(*tokener);
}

#define AUTO_OBJECT  VT_CLEANUP(drop_object)
#define AUTO_TOKENER VT_CLEANUP(drop_tokener)

static bool is_ascii(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && (unsigned char)text[i] < 0x80)
        i++;
    return i == len;
}

/* The object that @line is, whole and strictly, or NULL. */
static struct json_object *parse_object(const char *line, size_t len)
{
    AUTO_TOKENER struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
    AUTO_OBJECT struct json_object *object = NULL;

    if (!tokener || len > VT_PROTOCOL_LINE_MAX || !vt_text_is_utf8(line, len))
        return NULL;
    /* json-c 0.18 takes nothing but ASCII when it is strict: a byte of another character is less
     * than a space to it. */
    json_tokener_set_flags(tokener, is_ascii(line, len) ? JSON_TOKENER_STRICT : 0);
    object = json_tokener_parse_ex(tokener, line, (int)len);
    if (json_tokener_get_error(tokener) != json_tokener_success ||
        json_tokener_get_parse_end(tokener) != len ||
        !json_object_is_type(object, json_type_object))
        return NULL;
    return VT_TAKE_PTR(object);
}

/* The string @value as a C string, or NULL when it is none or has a NUL in it. */
static const char *text_of(struct json_object *value)
{
    const char *text;

    if (!json_object_is_type(value, json_type_string))
        return NULL;
    text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

/* Whether @value is a whole number from 0 to @max, and which. */
static bool number_of(struct json_object *value, int64_t max, int64_t *ret)
{
    int64_t number;

    if (!json_object_is_type(value, json_type_int))
        return false;
    number = json_object_get_int64(value);
    if (number < 0 || number > max)
        return false;
    *ret = number;
    return true;
}

static int refuse(struct vt_error *err, const char *what)
{
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "not a request: %s", what);
}

static int read_kind(struct json_object *object, struct vt_request *request, struct vt_error *err)
{
    const char *name = text_of(json_object_object_get(object, "command"));

    for (size_t i = 0; name && i < VT_ARRAY_SIZE(kind_names); i++) {
        if (vt_streq(name, kind_names[i])) {
            request->kind = (enum vt_request_kind)i;
            return 0;
        }
    }
    return refuse(err, "its command is neither stop nor wait nor console");
}

/* The member @name of a request that stops. */
static int read_stop(const char *name, struct json_object *value, struct vt_request *request,
                     struct vt_error *err)
{
    if (vt_streq(name, "how")) {
        const char *how = text_of(value);

        request->how = how ? vt_stop_how_find(how) : VT_HOW_SAME;
        return request->how != VT_HOW_SAME
                   ? 0
                   : refuse(err, "its how is neither shutdown nor save nor poweroff");
    }
    if (vt_streq(name, "grace"))
        return number_of(value, VT_PROTOCOL_GRACE_MAX, &request->grace)
                   ? 0
                   : refuse(err, "its grace is no whole number from 0 to 86400");
    return refuse(err, "a stop has how and grace, and nothing else");
}

static int read_console(const char *name, struct json_object *value, struct vt_request *request,
                        struct vt_error *err)
{
    int64_t history;

    if (!vt_streq(name, "history"))
        return refuse(err, "a console has history, and nothing else");
    if (!number_of(value, VT_PROTOCOL_HISTORY_MAX, &history))
        return refuse(err, "its history is no whole number from 0 to 65536");
    request->history = (size_t)history;
    return 0;
}

static int read_member(const char *name, struct json_object *value, struct vt_request *request,
                       struct vt_error *err)
{
    if (vt_streq(name, "command"))
        return 0;
    switch (request->kind) {
    case VT_REQUEST_STOP:
        return read_stop(name, value, request, err);
    case VT_REQUEST_CONSOLE:
        return read_console(name, value, request, err);
    default:
        return refuse(err, "a wait has nothing beside its command");
    }
}

int vt_request_parse(const char *line, size_t len, struct vt_request *ret, struct vt_error *err)
{
    AUTO_OBJECT struct json_object *object = parse_object(line, len);
    struct vt_request request = {.how = VT_HOW_SAME, .grace = -1};
    int r;

    if (!object)
        return refuse(err, "give one JSON object on one line");
    r = read_kind(object, &request, err);
    json_object_object_foreach(object, name, value)
    {
        if (r == 0)
            r = read_member(name, value, &request, err);
    }
    if (r == 0)
        *ret = request;
    return r;
}

/* @object as a line; it is freed. */
static char *line_of(struct json_object *object)
{
    char *line =
        vt_fmt("%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));

    (void)json_object_put(object);
    return line;
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

char *vt_request_text(const struct vt_request *request)
{
    struct json_object *object = json_object_new_object();

    add_text(object, "command", kind_names[request->kind]);
    if (request->kind == VT_REQUEST_STOP && request->how != VT_HOW_SAME)
        add_text(object, "how", vt_stop_how_name(request->how));
    if (request->kind == VT_REQUEST_STOP && request->grace >= 0)
        json_object_object_add(object, "grace", json_object_new_int64(request->grace));
    if (request->kind == VT_REQUEST_CONSOLE)
        json_object_object_add(object, "history", json_object_new_int64((int64_t)request->history));
    return line_of(object);
}

void vt_answer_done(struct vt_answer *answer)
{
    free(answer->text);
    *answer = (struct vt_answer){0};
}

/* The kind of the answer @object, with its text (NULL: none) and status. */
static int read_answer(struct json_object *object, struct vt_answer *ret, const char **ret_text)
{
    struct json_object *value;
    int64_t status;

    *ret_text = NULL;
    if (json_object_object_get_ex(object, "status", &value)) {
        if (!number_of(value, 255, &status))
            return -EBADMSG;
        ret->kind = VT_ANSWER_STATUS;
        ret->status = (int)status;
        *ret_text = text_of(json_object_object_get(object, "error"));
    } else if (json_object_object_get_ex(object, "progress", &value)) {
        ret->kind = VT_ANSWER_PROGRESS;
        *ret_text = text_of(value);
        return *ret_text ? 0 : -EBADMSG;
    } else {
        ret->kind = json_object_object_get_ex(object, "accepted", NULL) ? VT_ANSWER_ACCEPTED
                                                                        : VT_ANSWER_OTHER;
    }
    return 0;
}

int vt_answer_parse(const char *line, size_t len, struct vt_answer *ret)
{
    AUTO_OBJECT struct json_object *object = parse_object(line, len);
    struct vt_answer answer = {0};
    const char *text;
    int r = object ? read_answer(object, &answer, &text) : -EBADMSG;

    *ret = (struct vt_answer){0};
    if (r < 0)
        return r;
    answer.text = vt_strdup(text);
    *ret = answer;
    return 0;
}

char *vt_answer_text(enum vt_answer_kind kind, int status, const char *text)
{
    struct json_object *object = json_object_new_object();

    switch (kind) {
    case VT_ANSWER_PROGRESS:
        add_text(object, "progress", text);
        break;
    case VT_ANSWER_STATUS:
        json_object_object_add(object, "status", json_object_new_int(status));
        if (text)
            add_text(object, "error", text);
        break;
    default:
        json_object_object_add(object, "accepted", json_object_new_boolean(true));
        break;
    }
    return line_of(object);
}
