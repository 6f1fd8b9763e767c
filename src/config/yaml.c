/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything here works on libyaml's events, not on its document tree: a tree of a seed's 16 MiB
 * could take some hundred megabytes, and events copied to the emitter keep what a tree forgets.
 */
#include "config/yaml.h"

#include <errno.h>
#include <search.h>
#include <yaml.h>

#include "base/str.h"

/* Where in the document the event of a walk is. */
enum place {
    ELSEWHERE,
    TOP,       /* the top node itself */
    TOP_KEY,   /* a key of the top mapping */
    TOP_VALUE, /* its value, or the beginning of it */
    VALUE_END, /* the end of such a value that is a list or mapping */
    TOP_END,   /* the end of the top mapping or list */
};

/* Enough for any configuration. libyaml needs a time that is quadratic in it, cloud-init's parser a
 * Python stack. */
#define MAX_DEPTH 200

struct walk {
    yaml_parser_t parser;
    yaml_event_t event;
    int depth;       /* of lists and mappings */
    bool in_mapping; /* the top node is a mapping */
    bool value_next; /* the next node at depth 1 is a value */
    bool too_deep;   /* the walk ended because of MAX_DEPTH */
};

#define AUTO_WALK VT_CLEANUP(walk_done)

static void walk_done(struct walk *walk)
{
    yaml_event_delete(&walk->event);
    yaml_parser_delete(&walk->parser);
}

static void walk_init(struct walk *walk, const char *text, size_t len)
{
    *walk = (struct walk){0};
    if (!yaml_parser_initialize(&walk->parser))
        abort(); /* fails only without memory */
    /* cloud-init decodes UTF-8 before it parses; a UTF-16 file must not pass here and fail there.
     */
    yaml_parser_set_encoding(&walk->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&walk->parser, (const unsigned char *)text, len);
}

static enum place node_begins(struct walk *walk)
{
    if (walk->depth == 0) {
        walk->in_mapping = walk->event.type == YAML_MAPPING_START_EVENT;
        return TOP;
    }
    if (walk->depth > 1 || !walk->in_mapping)
        return ELSEWHERE;
    return walk->value_next ? TOP_VALUE : TOP_KEY;
}

static void node_ended(struct walk *walk)
{
    if (walk->depth == 1)
        walk->value_next = !walk->value_next;
}

static enum place collection_ends(struct walk *walk)
{
    bool value = walk->depth == 2 && walk->in_mapping && walk->value_next;

    walk->depth--;
    node_ended(walk);
    if (walk->depth == 0)
        return TOP_END;
    return value ? VALUE_END : ELSEWHERE;
}

/* Go to the next event. Returns false when there is none, because of the end or of an error. */
static bool walk_next(struct walk *walk, enum place *ret)
{
    bool ended = walk->event.type == YAML_STREAM_END_EVENT;

    yaml_event_delete(&walk->event);
    walk->too_deep = walk->depth > MAX_DEPTH;
    if (ended || walk->too_deep || !yaml_parser_parse(&walk->parser, &walk->event))
        return false;
    *ret = ELSEWHERE;
    switch (walk->event.type) {
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        *ret = node_begins(walk);
        node_ended(walk);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        *ret = node_begins(walk);
        walk->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        *ret = collection_ends(walk);
        break;
    default:
        break;
    }
    return true;
}

static const char *scalar(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT ? (const char *)event->data.scalar.value : NULL;
}

/* Checking */

static int wrong(const char *path, yaml_mark_t at, const char *problem, struct vt_error *err)
{
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "%s:%zu:%zu: %s", path, at.line + 1,
                        at.column + 1, problem);
}

/* For errors of libyaml's reader, which knows an offset only. */
static yaml_mark_t mark_of_offset(const char *text, size_t len, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < len; i++) {
        bool continues = ((unsigned char)text[i] & 0xc0) == 0x80;

        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (!continues) {
            mark.column++;
        }
    }
    return mark;
}

static int parser_error(const char *path, const yaml_parser_t *parser, const char *text, size_t len,
                        struct vt_error *err)
{
    VT_AUTO_FREE char *problem = NULL;
    const char *what = parser->problem ? parser->problem : "not readable as YAML";

    if (parser->error == YAML_READER_ERROR) {
        problem =
            vt_fmt("%s; YAML must be UTF-8 text without control characters: correct it", what);
        return wrong(path, mark_of_offset(text, len, parser->problem_offset), problem, err);
    }
    if (parser->context)
        problem = vt_fmt("%s (%s that begins at line %zu): correct the YAML there or just above",
                         what, parser->context, parser->context_mark.line + 1);
    else
        problem = vt_fmt("%s: correct the YAML there or just above", what);
    return wrong(path, parser->problem_mark, problem, err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void anchors_done(void **anchors)
{
    tdestroy(*anchors, free);
}

static void anchors_add(void **anchors, const yaml_char_t *name)
{
    char *copy = vt_strdup((const char *)name);
    char *const *found;

    if (!copy)
        return;
    found = tsearch(copy, anchors, compare);
    if (!found)
        abort();
    if (*found != copy)
        free(copy);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

/* Whether a document with this top node means nothing at all. */
static bool is_null(const yaml_event_t *event)
{
    const char *s = scalar(event);

    return s && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*s == '\0' || vt_streq(s, "~") || vt_streq(s, "null"));
}

static int check_event(const char *path, const struct walk *walk, enum place place, int documents,
                       void *const *anchors, struct vt_error *err)
{
    const yaml_event_t *event = &walk->event;

    if (documents > 1)
        return wrong(path, event->start_mark,
                     "a second document begins here: keep one document in the file", err);
    if (event->type == YAML_ALIAS_EVENT && !tfind(event->data.alias.anchor, anchors, compare)) {
        VT_AUTO_FREE char *problem =
            vt_fmt("*%s refers to an anchor &%s that is not there: put quotes around a text that "
                   "begins with *",
                   event->data.alias.anchor, event->data.alias.anchor);

        return wrong(path, event->start_mark, problem, err);
    }
    if (place == TOP && event->type != YAML_MAPPING_START_EVENT && !is_null(event))
        return wrong(path, event->start_mark,
                     event->type == YAML_SEQUENCE_START_EVENT
                         ? "this is a list, and a mapping (key: value) is needed"
                         : "this is plain text, and a mapping (key: value) is needed",
                     err);
    return 0;
}

int vt_yaml_check(const char *path, const char *text, size_t len, struct vt_error *err)
{
    VT_CLEANUP(anchors_done) void *anchors = NULL;
    AUTO_WALK struct walk walk;
    enum place place;
    int documents = 0;

    walk_init(&walk, text, len);
    while (walk_next(&walk, &place)) {
        int r;

        if (walk.event.type == YAML_DOCUMENT_START_EVENT)
            documents++;
        r = check_event(path, &walk, place, documents, &anchors, err);
        if (r < 0)
            return r;
        anchors_add(&anchors, anchor_of(&walk.event));
    }
    if (walk.too_deep)
        return wrong(path, walk.parser.mark, "nested too deep here: cloud-init could not read it",
                     err);
    if (walk.parser.error != YAML_NO_ERROR)
        return parser_error(path, &walk.parser, text, len, err);
    return 0;
}

/* Reading */

/* Go to the value of top-level @key. Returns whether there is one. */
static bool walk_to(struct walk *walk, const char *key)
{
    enum place place;
    bool here = false;

    while (walk_next(walk, &place)) {
        const char *s = scalar(&walk->event);

        if (place == TOP_KEY)
            here = s && vt_streq(s, key);
        else if (place == TOP_VALUE && here)
            return true;
    }
    return false;
}

char *vt_yaml_top_scalar(const char *text, size_t len, const char *key)
{
    AUTO_WALK struct walk walk;

    walk_init(&walk, text, len);
    return walk_to(&walk, key) ? vt_strdup(scalar(&walk.event)) : NULL;
}

bool vt_yaml_top_has(const char *text, size_t len, const char *key)
{
    AUTO_WALK struct walk walk;

    walk_init(&walk, text, len);
    return walk_to(&walk, key);
}

/* Extending */

struct extension {
    yaml_emitter_t emitter;
    struct vt_buf out;
    const struct vt_yaml_entry *entries;
    size_t entry_count;
    bool *seen;                            /* for each entry: its key is in the document */
    const struct vt_yaml_entry *at_key;    /* the entry whose key was just read */
    const struct vt_yaml_entry *to_append; /* the entry whose list or mapping is open */
    bool append_key;                       /* that is a mapping */
};

/* The key that our items get in a mapping of lists. */
#define OWN_KEY "virtainer"

static int write_out(void *data, unsigned char *bytes, size_t size)
{
    struct extension *x = data;

    vt_buf_add(&x->out, bytes, size);
    return !x->out.overflowed;
}

static void extension_init(struct extension *x, const struct vt_yaml_entry *entries, size_t count,
                           size_t limit)
{
    *x = (struct extension){.out = VT_BUF_INIT(limit), .entries = entries, .entry_count = count};
    x->seen = vt_calloc(count + 1, sizeof(*x->seen));
    if (!yaml_emitter_initialize(&x->emitter))
        abort(); /* fails only without memory */
    yaml_emitter_set_output(&x->emitter, write_out, x);
    yaml_emitter_set_unicode(&x->emitter, 1);
    yaml_emitter_set_width(&x->emitter, -1); /* never fold a key into two lines */
}

static void extension_done(struct extension *x)
{
    yaml_emitter_delete(&x->emitter);
    vt_buf_done(&x->out);
    free(x->seen);
}

/* Hand @event, which was made if @made is 1, to the emitter, which owns it from then on. */
static bool emit(struct extension *x, yaml_event_t *event, int made)
{
    return made && yaml_emitter_emit(&x->emitter, event);
}

static bool emit_text(struct extension *x, const char *text, size_t len, yaml_scalar_style_t style)
{
    yaml_event_t event;

    return emit(x, &event,
                yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                             (int)len, 1, 1, style));
}

static bool emit_key(struct extension *x, const char *key)
{
    return emit_text(x, key, strlen(key), YAML_PLAIN_SCALAR_STYLE);
}

/* A value: always in quotes, so that no text is taken for a number, a boolean or a date. */
static bool emit_value(struct extension *x, const char *text, size_t len)
{
    return emit_text(x, text, len, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static bool emit_items(struct extension *x, const struct vt_yaml_entry *entry)
{
    for (size_t i = 0; i < entry->item_count; i++) {
        if (!emit_value(x, entry->items[i], strlen(entry->items[i])))
            return false;
    }
    return true;
}

/* A list of @entry's items, after the lines of @first (which may be NULL). */
static bool emit_list(struct extension *x, const char *first, const struct vt_yaml_entry *entry)
{
    yaml_event_t event;

    if (!emit(
            x, &event,
            yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)))
        return false;
    while (first && *first) {
        size_t len = strcspn(first, "\n");

        if (len > 0 && !emit_value(x, first, len))
            return false;
        first += len + (first[len] == '\n');
    }
    return emit_items(x, entry) && emit(x, &event, yaml_sequence_end_event_initialize(&event));
}

/* Every entry whose key the document does not have. */
static bool emit_missing(struct extension *x)
{
    for (size_t i = 0; i < x->entry_count; i++) {
        const struct vt_yaml_entry *entry = &x->entries[i];
        bool ok;

        if (x->seen[i] || (!entry->text && entry->item_count == 0))
            continue;
        ok = emit_key(x, entry->key) &&
             (entry->text ? emit_value(x, entry->text, strlen(entry->text))
                          : emit_list(x, NULL, entry));
        if (!ok)
            return false;
    }
    return true;
}

/* What is to be done before a list or mapping at an entry's key ends. */
static bool emit_appended(struct extension *x)
{
    const struct vt_yaml_entry *entry = VT_TAKE_PTR(x->to_append);

    if (!entry)
        return true;
    if (x->append_key)
        return emit_key(x, OWN_KEY) && emit_list(x, NULL, entry);
    return emit_items(x, entry);
}

static void note_key(struct extension *x, const char *key)
{
    x->at_key = NULL;
    for (size_t i = 0; key && i < x->entry_count; i++) {
        if (vt_streq(x->entries[i].key, key)) {
            x->seen[i] = true;
            if (x->entries[i].item_count > 0)
                x->at_key = &x->entries[i];
        }
    }
}

/* Pass on the event of @walk, which begins the value at an entry's key. */
static bool extend_value(struct extension *x, struct walk *walk)
{
    const struct vt_yaml_entry *entry = VT_TAKE_PTR(x->at_key);

    switch (walk->event.type) {
    case YAML_SCALAR_EVENT:
        return emit_list(x, is_null(&walk->event) ? NULL : scalar(&walk->event), entry);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        x->to_append = entry;
        x->append_key = walk->event.type == YAML_MAPPING_START_EVENT;
        break;
    default:
        return false;
    }
    return emit(x, &walk->event, 1) && memset(&walk->event, 0, sizeof(walk->event));
}

static bool extend_event(struct extension *x, struct walk *walk, enum place place)
{
    yaml_event_type_t type = walk->event.type;

    if (place == TOP_KEY)
        note_key(x, scalar(&walk->event));
    else if (place == TOP_VALUE && x->at_key)
        return extend_value(x, walk);
    if ((place == VALUE_END && !emit_appended(x)) || (place == TOP_END && !emit_missing(x)))
        return false;
    if (!emit(x, &walk->event, 1))
        return false;
    memset(&walk->event, 0, sizeof(walk->event));
    walk->event.type = type == YAML_STREAM_END_EVENT ? type : YAML_NO_EVENT;
    return true;
}

static bool extend(struct extension *x, const char *text, size_t len)
{
    AUTO_WALK struct walk walk;
    enum place place;

    walk_init(&walk, text, len);
    while (walk_next(&walk, &place)) {
        if (!extend_event(x, &walk, place))
            return false;
    }
    return !walk.too_deep && walk.parser.error == YAML_NO_ERROR;
}

static bool make_new(struct extension *x)
{
    yaml_event_t event;

    return emit(x, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
           emit(x, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
           emit(x, &event,
                yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                    YAML_BLOCK_MAPPING_STYLE)) &&
           emit_missing(x) && emit(x, &event, yaml_mapping_end_event_initialize(&event)) &&
           emit(x, &event, yaml_document_end_event_initialize(&event, 1)) &&
           emit(x, &event, yaml_stream_end_event_initialize(&event));
}

static bool has_mapping(const char *text, size_t len)
{
    AUTO_WALK struct walk walk;
    enum place place;

    walk_init(&walk, text, len);
    while (walk_next(&walk, &place)) {
        if (place == TOP)
            return walk.in_mapping;
    }
    return false;
}

char *vt_yaml_extend(const char *text, size_t len, const struct vt_yaml_entry *entries,
                     size_t entry_count)
{
    VT_CLEANUP(extension_done) struct extension x;
    bool ok;

    /* Indentation and escapes can make a document grow; what grows without measure is no seed. */
    extension_init(&x, entries, entry_count, 8 * len + (64U << 20));
    ok = has_mapping(text, len) ? extend(&x, text, len) : make_new(&x);
    if (!ok || !yaml_emitter_flush(&x.emitter))
        return NULL;
    /* What an emitter writes must be readable; better no answer than a guest that drops the
     * document. */
    if (vt_yaml_check("", vt_buf_str(&x.out), x.out.len, NULL) < 0)
        return NULL;
    return vt_buf_take(&x.out);
}
