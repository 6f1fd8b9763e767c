/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"

const char *const vt_log_level_names[] = {"error", "warning", "info", "debug", NULL};
static_assert(VT_ARRAY_SIZE(vt_log_level_names) == VT_LOG_MAX_ + 1, "every level has a name");

const char *const vt_log_format_names[] = {"text", "json", NULL};

static enum vt_log_level threshold = VT_LOG_INFO;
static enum vt_log_format log_format = VT_LOG_TEXT;
static bool raw_terminal;

/* The worker thread may log too: this is for what is below. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* What the person sees. */
static struct {
    int fd;
    unsigned lost; /* messages that were not taken */
    bool torn;     /* the last one was taken in part */
} shown = {.fd = STDERR_FILENO};

/* The copy. */
static struct {
    char *path;
    char *old_path;
    size_t max;
    size_t size;
    int fd;
} kept = {.fd = -1};

void vt_log_set_level(enum vt_log_level level)
{
    threshold = level;
}

void vt_log_set_format(enum vt_log_format format)
{
    log_format = format;
}

void vt_log_set_raw_terminal(bool raw)
{
    raw_terminal = raw;
}

/* ---- the copy ---- */

static int open_kept(void)
{
    struct stat st;

    kept.fd = open(kept.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (kept.fd < 0 || fstat(kept.fd, &st) < 0)
        return -errno;
    kept.size = (size_t)st.st_size;
    return 0;
}

int vt_log_keep(const char *path, const char *old_path, size_t max)
{
    int r;

    pthread_mutex_lock(&mutex);
    vt_closep(&kept.fd);
    vt_str_replace(&kept.path, vt_strdup(path));
    vt_str_replace(&kept.old_path, vt_strdup(old_path));
    kept.max = max;
    r = open_kept();
    pthread_mutex_unlock(&mutex);
    return r;
}

/* A copy that cannot be written is not worth a word: it would be one for each message. */
static void keep(const struct vt_buf *line)
{
    ssize_t n;

    if (kept.fd >= 0 && kept.size >= kept.max) {
        (void)rename(kept.path, kept.old_path);
        (void)close(kept.fd);
        (void)open_kept();
    }
    if (kept.fd >= 0) {
        n = write(kept.fd, vt_buf_str(line), line->len);
        kept.size += n > 0 ? (size_t)n : 0;
    }
}

/* ---- objects ---- */

void vt_log_begin_object(struct vt_buf *out)
{
    struct timespec now;
    struct tm utc;
    char text[64];
    size_t len;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    len = strftime(text, sizeof(text), "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    vt_buf_add(out, text, len);
    vt_buf_addf(out, ".%03ldZ\"", now.tv_nsec / 1000000);
}

/* One object and its newline: @name has the value @text. */
static void add_object(struct vt_buf *out, enum vt_log_level level, const char *event,
                       const char *name, const char *text)
{
    vt_log_begin_object(out);
    vt_buf_addf(out, ",\"level\":\"%s\",\"event\":\"%s\",\"%s\":", vt_log_level_names[level], event,
                name);
    vt_json_add_string(out, text, strlen(text));
    vt_buf_adds(out, "}\n");
}

/* ---- text ---- */

/* "virtainer: " before each line, so that our words stand out from the guest's. */
static void add_lines(struct vt_buf *out, const char *label, const char *text)
{
    const char *end = raw_terminal ? "\r\n" : "\n";

    while (*text) {
        size_t len = strcspn(text, "\n");

        vt_buf_addf(out, "virtainer: %s%.*s%s", label, (int)len, text, end);
        text += len + (text[len] == '\n');
    }
}

/* What a person sees of a message: lines or an object. */
static void add_message(struct vt_buf *out, enum vt_log_level level, const char *text)
{
    static const char *const labels[] = {"error: ", "warning: ", "", "debug: "};

    if (log_format == VT_LOG_JSON)
        add_object(out, level, "log", "message", text);
    else
        add_lines(out, labels[level], text);
}

void vt_log_set_fd(int fd)
{
    shown.fd = fd;
}

/* Returns false when nothing of it was taken, though it may be later. */
static bool put(const char *data, size_t len)
{
    ssize_t n = write(shown.fd, data, len);

    shown.torn = n >= 0 && (size_t)n < len;
    return n >= 0 || errno != EAGAIN;
}

/* Say how much was lost before. Returns whether there is room for more. */
static bool make_up(void)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(4096);
    VT_AUTO_FREE char *text = NULL;

    if (shown.torn && !put("\n", 1))
        return false;
    if (shown.lost == 0)
        return true;
    text =
        vt_fmt("standard error was blocked: %u messages were dropped here; virtainer log has them",
               shown.lost);
    add_message(&out, VT_LOG_WARNING, text);
    if (!put(vt_buf_str(&out), out.len))
        return false;
    shown.lost = 0;
    return true;
}

/* One write a message: a line is never torn by the guest's console, which shares the terminal. */
static void show(const struct vt_buf *out)
{
    if (!make_up() || !put(vt_buf_str(out), out->len))
        shown.lost++;
}

/* An escaped character has up to six. */
#define MESSAGE_MAX 65000
#define OBJECT_MAX  (6 * MESSAGE_MAX + 256)

void vt_log(enum vt_log_level level, const char *format, ...)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(OBJECT_MAX), object = VT_BUF_INIT(OBJECT_MAX);
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    if (level > threshold && level > VT_LOG_INFO)
        return;
    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    text[strnlen(text, MESSAGE_MAX)] = '\0';
    add_object(&object, level, "log", "message", text);
    add_message(&out, level, text);
    pthread_mutex_lock(&mutex);
    if (level <= VT_LOG_INFO)
        keep(&object);
    if (level <= threshold)
        show(&out);
    pthread_mutex_unlock(&mutex);
}

void vt_log_event(const char *event, const char *name, const char *value)
{
    VT_AUTO_BUF struct vt_buf object = VT_BUF_INIT(OBJECT_MAX);

    add_object(&object, VT_LOG_INFO, event, name, value);
    pthread_mutex_lock(&mutex);
    keep(&object);
    if (log_format == VT_LOG_JSON && threshold >= VT_LOG_INFO)
        show(&object);
    pthread_mutex_unlock(&mutex);
}
