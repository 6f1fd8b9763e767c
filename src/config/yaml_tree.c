/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/yaml_tree.h"

#include <errno.h>
#include <yaml.h>

#include "base/str.h"
#include "config/yaml.h"

/* A file of ours needs four; the reader calls itself for each. */
#define MAX_DEPTH 8

struct reader {
    yaml_parser_t parser;
    const char *path;
    struct vt_error *err;
};

#define AUTO_READER VT_CLEANUP(reader_done)
#define AUTO_EVENT  VT_CLEANUP(yaml_event_delete)

static void reader_done(struct reader *reader)
{
    yaml_parser_delete(&reader->parser);
}

void vt_yaml_tree_free(struct vt_yaml_node *node)
{
    while (node) {
        struct vt_yaml_node *next = node->next;

        vt_yaml_tree_free(node->children);
        free(node->key);
        free(node->text);
        free(node);
        node = next;
    }
}

int vt_yaml_tree_refuse(const char *path, const struct vt_yaml_node *node, struct vt_error *err,
                        const char *problem, ...)
{
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    va_start(args, problem);
    text = vt_vfmt(problem, args);
    va_end(args);
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s:%zu:%zu: %s", path, node->line,
                        node->column, text);
}

static int refuse(const struct reader *reader, yaml_mark_t at, const char *problem)
{
    const struct vt_yaml_node place = {.line = at.line + 1, .column = at.column + 1};

    return vt_yaml_tree_refuse(reader->path, &place, reader->err, "%s", problem);
}

static int next_event(struct reader *reader, yaml_event_t *ret)
{
    if (yaml_parser_parse(&reader->parser, ret))
        return 0;
    *ret = (yaml_event_t){0};
    return refuse(reader, reader->parser.problem_mark, "not readable as YAML");
}

static int copy_scalar(const struct reader *reader, const yaml_event_t *event, char **ret)
{
    const char *text = (const char *)event->data.scalar.value;

    if (event->data.scalar.anchor)
        return refuse(reader, event->start_mark, "anchors (&) are not read here");
    if (strlen(text) != event->data.scalar.length)
        return refuse(reader, event->start_mark, "this text has a NUL in it");
    *ret = vt_strdup(text);
    return 0;
}

static int read_children(struct reader *reader, struct vt_yaml_node *node, int depth);

/* The node that begins with @event. *@ret is the caller's also on failure. */
static int read_node(struct reader *reader, const yaml_event_t *event, int depth,
                     struct vt_yaml_node **ret)
{
    struct vt_yaml_node *node = vt_calloc(1, sizeof(*node));

    *ret = node;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return copy_scalar(reader, event, &node->text);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = VT_YAML_LIST;
        break;
    case YAML_MAPPING_START_EVENT:
        node->kind = VT_YAML_MAP;
        break;
    default:
        return refuse(reader, event->start_mark, "aliases (*) are not read here");
    }
    if (depth >= MAX_DEPTH)
        return refuse(reader, event->start_mark, "nested too deep here");
    return read_children(reader, node, depth + 1);
}

static int read_key(const struct reader *reader, const struct vt_yaml_node *map,
                    const yaml_event_t *event, char **ret)
{
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(reader, event->start_mark, "this key is no plain text");
    if (vt_yaml_tree_get(map, (const char *)event->data.scalar.value))
        return refuse(reader, event->start_mark, "this key is there twice");
    return copy_scalar(reader, event, ret);
}

/* One entry of @node, which begins with @event, linked in at @link. */
static int read_entry(struct reader *reader, const struct vt_yaml_node *node,
                      const yaml_event_t *event, int depth, struct vt_yaml_node **link)
{
    VT_AUTO_FREE char *key = NULL;
    AUTO_EVENT yaml_event_t value = {0};
    int r;

    if (node->kind == VT_YAML_LIST)
        return read_node(reader, event, depth, link);
    r = read_key(reader, node, event, &key);
    if (r == 0)
        r = next_event(reader, &value);
    if (r < 0)
        return r;
    r = read_node(reader, &value, depth, link);
    (*link)->key = VT_TAKE_PTR(key);
    return r;
}

static int read_children(struct reader *reader, struct vt_yaml_node *node, int depth)
{
    struct vt_yaml_node **link = &node->children;

    for (;;) {
        AUTO_EVENT yaml_event_t event = {0};
        int r = next_event(reader, &event);

        if (r < 0)
            return r;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
            return 0;
        r = read_entry(reader, node, &event, depth, link);
        if (r < 0)
            return r;
        link = &(*link)->next;
    }
}

/* To the top node, which is a mapping: vt_yaml_check() has seen to that. */
static int read_document(struct reader *reader, struct vt_yaml_node **ret)
{
    for (;;) {
        AUTO_EVENT yaml_event_t event = {0};
        int r = next_event(reader, &event);

        if (r < 0)
            return r;
        if (event.type == YAML_MAPPING_START_EVENT)
            return read_node(reader, &event, 0, ret);
        if (event.type == YAML_SCALAR_EVENT || event.type == YAML_STREAM_END_EVENT) {
            *ret = vt_calloc(1, sizeof(**ret));
            **ret = (struct vt_yaml_node){.kind = VT_YAML_MAP, .line = 1, .column = 1};
            return 0;
        }
    }
}

int vt_yaml_tree_read(const char *path, const char *text, size_t len, struct vt_yaml_node **ret,
                      struct vt_error *err)
{
    VT_AUTO_YAML_TREE struct vt_yaml_node *tree = NULL;
    AUTO_READER struct reader reader = {.path = path, .err = err};
    int r;

    if (!yaml_parser_initialize(&reader.parser))
        abort(); /* fails only without memory */
    r = vt_yaml_check(path, text, len, err);
    if (r < 0)
        return r;
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
    r = read_document(&reader, &tree);
    if (r == 0)
        *ret = VT_TAKE_PTR(tree);
    return r;
}

const struct vt_yaml_node *vt_yaml_tree_get(const struct vt_yaml_node *map, const char *key)
{
    const struct vt_yaml_node *node = map->children;

    while (node && !(node->key && vt_streq(node->key, key)))
        node = node->next;
    return node;
}
