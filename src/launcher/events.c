/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/events.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <libgen.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

/* Longer ones are never written. */
#define LINE_MAX_ (1 << 19)

struct vt_events {
    char *path;
    char *old_path;
    int fd;
    int notify_fd;
    struct vt_buf line; /* its beginning, when its end is not there yet */
};

/* ---- one line ---- */

static const char *text_member(struct json_object *object, const char *name)
{
    struct json_object *value = json_object_object_get(object, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* "2026-11-22T07:35:10.123Z" as "2026-11-22 07:35:10.123", here or in UTC; as it is if it is none.
 */
static void add_time(struct vt_buf *out, const char *text, bool utc)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    char made[64];
    time_t t;

    if (!rest || *rest != '.' || strlen(rest) != 5) {
        vt_buf_adds(out, text);
        return;
    }
    t = timegm(&tm);
    if (!(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)))
        return;
    vt_buf_add(out, made, strftime(made, sizeof(made), "%Y-%m-%d %H:%M:%S", &tm));
    vt_buf_add(out, rest, 4);
}

static void add_message(struct vt_buf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        vt_buf_add(out, text, len);
        text += len;
        if (*text == '\n' && *++text)
            vt_buf_adds(out, "\n    ");
    }
}

/* An event's words: its message, or what began or was reached. */
static void add_words(struct vt_buf *out, struct json_object *object, const char *event)
{
    const struct {
        const char *name;
        const char *before;
    } members[] = {{"message", ""}, {event, ""}, {"milestone", ""}, {"cloud_init", "cloud-init "}};

    for (size_t i = 0; i < VT_ARRAY_SIZE(members); i++) {
        const char *text = text_member(object, members[i].name);

        if (!text)
            continue;
        vt_buf_adds(out, members[i].before);
        add_message(out, text);
        return;
    }
}

char *vt_event_text(const char *line, size_t len, bool utc)
{
    VT_AUTO_FREE char *copy = vt_strndup(line, len);
    struct json_object *object = json_tokener_parse(copy);
    struct vt_buf out = VT_BUF_INIT(LINE_MAX_);
    const char *at = text_member(object, "time"), *event = text_member(object, "event");
    const char *level = text_member(object, "level");

    if (at && event) {
        add_time(&out, at, utc);
        vt_buf_addf(&out, " %-7s ", vt_streq(event, "log") && level ? level : event);
        add_words(&out, object, event);
    }
    (void)json_object_put(object);
    return out.len > 0 ? vt_buf_take(&out) : NULL;
}

/* ---- the files ---- */

static void report_lines(struct vt_events *events, const char *data, size_t len,
                         vt_event_callback callback, void *callback_data)
{
    const char *end;

    while (len > 0 && (end = memchr(data, '\n', len))) {
        size_t n = (size_t)(end - data);

        if (events->line.len > 0) {
            vt_buf_add(&events->line, data, n);
            callback(events->line.data, events->line.len, callback_data);
            events->line.len = 0;
        } else {
            callback(data, n, callback_data);
        }
        len -= n + 1;
        data = end + 1;
    }
    vt_buf_add(&events->line, data, len);
}

static void report_rest(struct vt_events *events, int fd, vt_event_callback callback, void *data)
{
    char chunk[65536];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        report_lines(events, chunk, (size_t)n, callback, data);
}

static bool same_file(int fd, const char *path)
{
    struct stat ours, there;

    return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

void vt_events_more(struct vt_events *events, vt_event_callback callback, void *data)
{
    char notes[4096];

    while (events->notify_fd >= 0 && read(events->notify_fd, notes, sizeof(notes)) > 0)
        ;
    for (;;) {
        int fd;

        /* In this order: what is renamed is complete, and may have got more before it was. */
        bool current = same_file(events->fd, events->path);

        report_rest(events, events->fd, callback, data);
        if (current)
            return;
        fd = open(events->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        (void)close(events->fd);
        events->fd = fd;
    }
}

/* ---- the last lines ---- */

struct tail {
    char **lines; /* a ring of @count */
    size_t count;
    size_t seen;
};

static void keep_line(const char *line, size_t len, void *data)
{
    struct tail *tail = data;

    vt_str_replace(&tail->lines[tail->seen++ % tail->count], vt_strndup(line, len));
}

void vt_events_tail(struct vt_events *events, size_t count, vt_event_callback callback, void *data)
{
    struct tail tail = {.lines = vt_calloc(count ? count : 1, sizeof(char *)), .count = count};
    int old = open(events->old_path, O_RDONLY | O_CLOEXEC);
    size_t first;

    /* With none wanted, what is there is passed over. */
    if (count == 0)
        tail.count = 1;
    /* Begun anew since we opened it: then ours is the old one. */
    if (old >= 0 && !same_file(events->fd, events->old_path))
        report_rest(events, old, keep_line, &tail);
    vt_closep(&old);
    vt_events_more(events, keep_line, &tail);
    first = tail.seen > count ? tail.seen - count : 0;
    for (size_t i = first; i < tail.seen; i++)
        callback(tail.lines[i % tail.count], strlen(tail.lines[i % tail.count]), data);
    for (size_t i = 0; i < tail.count; i++)
        free(tail.lines[i]);
    free(tail.lines);
}

/* ---- opening ---- */

int vt_events_open(struct vt_events **ret, const char *path, const char *old_path,
                   struct vt_error *err)
{
    struct vt_events *events;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int errnum = errno;

    if (fd < 0 && errnum == ENOENT)
        return vt_error_set(err, VT_CAUSE_USAGE, -ENOENT,
                            "no virtainer has run here: use this command through docker exec");
    if (fd < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, errnum, "cannot read %s", path);
    events = vt_calloc(1, sizeof(*events));
    *events = (struct vt_events){
        .path = vt_strdup(path),
        .old_path = vt_strdup(old_path),
        .fd = fd,
        .notify_fd = -1,
        .line = VT_BUF_INIT(LINE_MAX_),
    };
    *ret = events;
    return 0;
}

void vt_events_close(struct vt_events *events)
{
    if (!events)
        return;
    (void)close(events->fd);
    vt_closep(&events->notify_fd);
    vt_buf_done(&events->line);
    free(events->path);
    free(events->old_path);
    free(events);
}

int vt_events_fd(struct vt_events *events)
{
    VT_AUTO_FREE char *copy = vt_strdup(events->path);
    VT_AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    /* The directory, as the file is another one when the log is begun anew. */
    if (fd < 0 || inotify_add_watch(fd, dirname(copy), IN_MODIFY | IN_CREATE) < 0)
        return -errno;
    events->notify_fd = VT_TAKE_FD(fd);
    return events->notify_fd;
}
