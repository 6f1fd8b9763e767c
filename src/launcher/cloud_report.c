/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/cloud_report.h"

#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>

/* What is kept of all messages of a kind, and of one of them. */
#define WORDS_LIMIT   700U
#define MESSAGE_LIMIT 300U
/* How many lists and messages of status.json are looked at. */
#define MAX_MESSAGES 1000U

/* What the launcher's own phone_home has cloud-init say where the image has not all three kinds of
 * host keys: no fault of anybody. */
static const char phone_home_warning[] = "failed to open, can not phone home that data!";

void vt_cloud_report_init(struct vt_cloud_report *report, bool phone_home)
{
    *report = (struct vt_cloud_report){
        .phone_home = phone_home,
        .warnings = VT_BUF_INIT(WORDS_LIMIT),
        .errors = VT_BUF_INIT(WORDS_LIMIT),
    };
}

void vt_cloud_report_done(struct vt_cloud_report *report)
{
    vt_buf_done(&report->warnings);
    vt_buf_done(&report->errors);
    vt_host_keys_done(&report->keys);
}

/* ---- messages ---- */

/* @len bytes of the guest's as text for a person: without control characters, in UTF-8, bounded. */
static char *printable(const char *text, size_t len)
{
    bool cut = len > MESSAGE_LIMIT;
    VT_AUTO_FREE char *copy = vt_strndup(text, cut ? MESSAGE_LIMIT : len);
    bool utf8 = vt_text_is_utf8(copy, strlen(copy));

    for (char *c = copy; *c; c++) {
        if (iscntrl((unsigned char)*c))
            *c = ' ';
        else if (!utf8 && (*c & 0x80))
            *c = '?';
    }
    return cut ? vt_fmt("%s…", copy) : VT_TAKE_PTR(copy);
}

static void add_words(struct vt_buf *words, const char *text)
{
    size_t separator = words->len > 0 ? 2 : 0;

    /* A whole message or nothing, and none twice: modules and systemd say the same things again. */
    if (words->len + separator + strlen(text) > words->limit || strstr(vt_buf_str(words), text))
        return;
    if (separator)
        vt_buf_adds(words, "; ");
    vt_buf_adds(words, text);
}

/* "Running module NAME (<module … from …>) failed" without what is in the parentheses, or NULL. */
static char *failed_module(const char *text)
{
    static const char prefix[] = "Running module ";
    size_t len = strlen(text), name;

    if (!vt_startswith(text, prefix) || len < 7 || !vt_streq(text + len - 7, " failed"))
        return NULL;
    name = strcspn(text + strlen(prefix), " ");
    return vt_fmt("%s%.*s failed", prefix, (int)name, text + strlen(prefix));
}

static bool is_ours(const struct vt_cloud_report *report, const char *text)
{
    return report->phone_home &&
           (strstr(text, phone_home_warning) ||
            (vt_startswith(text, "Requested key pub_key_") && strstr(text, "'post'")) ||
            vt_startswith(text, "Failed to post phone home data to "));
}

static void add_error(struct vt_cloud_report *report, const char *text)
{
    report->error_count++;
    add_words(&report->errors, text);
}

static void add_warning(struct vt_cloud_report *report, const char *data, size_t len)
{
    VT_AUTO_FREE char *text = printable(data, len);
    VT_AUTO_FREE char *module = failed_module(text);

    if (is_ours(report, text))
        return;
    if (module) {
        add_error(report, module);
        return;
    }
    report->warning_count++;
    add_words(&report->warnings, text);
}

/* ---- lines of the console ---- */

struct line {
    const char *at;
    size_t len;
};

static bool begins(struct line line, const char *with)
{
    size_t len = strlen(with);

    return line.len >= len && memcmp(line.at, with, len) == 0;
}

static bool has(struct line line, const char *what)
{
    return memmem(line.at, line.len, what, strlen(what)) != NULL;
}

static void skip(struct line *line, size_t count)
{
    line->at += count;
    line->len -= count;
}

/* The number of characters of @set at the line's beginning. */
static size_t span(struct line line, const char *set)
{
    size_t n = 0;

    while (n < line.len && line.at[n] && strchr(set, line.at[n]))
        n++;
    return n;
}

/* Take systemd's "[   12.345678] cloud-init[523]: " away, and a login prompt that stood before it.
 */
static void skip_prefix(struct line *line)
{
    static const char unit[] = "cloud-init[";
    const char *at = memmem(line->at, line->len, unit, strlen(unit));
    struct line rest = *line;

    if (!at)
        return;
    skip(&rest, (size_t)(at - line->at) + strlen(unit));
    skip(&rest, span(rest, "0123456789"));
    if (!begins(rest, "]: "))
        return;
    skip(&rest, 3);
    *line = rest;
}

/* Where the control sequence (ECMA-48) that begins at @at of @line ends. */
static size_t after_control(const char *line, size_t len, size_t at)
{
    char kind = '\0';

    if (at + 1 < len)
        kind = line[at + 1];
    at += 2;
    if (kind == '[') {
        while (at < len && ((unsigned char)line[at] < 0x40 || line[at] == '\x7f'))
            at++;
    } else if (kind == ']') {
        while (at < len && line[at] != '\x07' && line[at] != '\x1b')
            at++;
        /* either alone ends it, or ESC with a backslash */
        at += at < len && line[at] == '\x1b' ? 1 : 0;
    } else {
        return at;
    }
    return at + 1;
}

/* Take control sequences and carriage returns out of @line, in place. Returns the new length. */
static size_t strip_controls(char *line, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len;) {
        if (line[i] == '\x1b') {
            i = after_control(line, len, i);
            continue;
        }
        if (line[i] != '\r')
            line[out++] = line[i];
        i++;
    }
    return out;
}

/* "Cloud-init v. 25.1.4-1+deb13u1 running 'init-local' at …", or "… finished at …" */
static void take_banner(struct vt_cloud_report *report, struct line line)
{
    size_t version;

    skip(&line, strlen("Cloud-init v. "));
    version = span(line, "0123456789.");
    if (report->ended && has(line, " running 'init-local' at ")) {
        /* Another boot, without a reset that QEMU could have seen (kexec). */
        vt_cloud_report_done(report);
        vt_cloud_report_init(report, report->phone_home);
    }
    if (version > 0 && version < sizeof(report->version)) {
        memcpy(report->version, line.at, version);
        report->version[version] = '\0';
    }
    report->begun = true;
    if (has(line, " finished at "))
        report->ended = true;
}

/* "2026-11-22 07:00:00,123 - cc_x.py[WARNING]: words" */
static void take_log_line(struct vt_cloud_report *report, struct line line)
{
    static const char *const errors[] = {"ERROR]: ", "CRITICAL]: "};
    static const char *const warnings[] = {"WARNING]: ", "DEPRECATED]: "};
    const char *level = memmem(line.at, line.len, ".py[", 4);

    if (!level || !isdigit((unsigned char)line.at[0]) || !has(line, " - "))
        return;
    report->begun = true;
    skip(&line, (size_t)(level + 4 - line.at));
    for (size_t i = 0; i < VT_ARRAY_SIZE(errors); i++) {
        if (begins(line, errors[i])) {
            size_t n = strlen(errors[i]);
            VT_AUTO_FREE char *text = printable(line.at + n, line.len - n);

            add_error(report, text);
        }
    }
    for (size_t i = 0; i < VT_ARRAY_SIZE(warnings); i++) {
        size_t n = strlen(warnings[i]);

        if (begins(line, warnings[i]))
            add_warning(report, line.at + n, line.len - n);
    }
}

/* What systemd says of cloud-init's units. */
static void take_unit_line(struct vt_cloud_report *report, struct line line)
{
    static const char failed[] = "Failed to start cloud-";
    const char *at = memmem(line.at, line.len, failed, strlen(failed));

    if (has(line, "Reached target") &&
        (has(line, "cloud-init.target") || has(line, "Cloud-init target"))) {
        report->begun = true;
        report->ended = true;
    } else if (at && has(line, "FAILED")) {
        VT_AUTO_FREE char *text = printable(at, line.len - (size_t)(at - line.at));

        report->begun = true;
        add_error(report, text);
        /* The last stage will say nothing more. */
        if (vt_startswith(text, "Failed to start cloud-final"))
            report->ended = true;
    }
}

static void take_clean_line(struct vt_cloud_report *report, struct line line)
{
    skip_prefix(&line);
    if (begins(line, "Cloud-init v. "))
        take_banner(report, line);
    else if (begins(line, "-----BEGIN SSH HOST KEY KEYS"))
        report->in_keys = true;
    else if (begins(line, "-----END SSH HOST KEY KEYS"))
        report->in_keys = false;
    else if (report->in_keys && vt_host_keys_add(&report->keys, line.at, line.len))
        report->begun = true;
    else if (line.len > 0) {
        take_log_line(report, line);
        take_unit_line(report, line);
    }
}

/* The cheap look at every line: a guest may flood its console. */
static bool is_interesting(const struct vt_cloud_report *report, struct line line)
{
    return report->in_keys || has(line, "loud-") || has(line, ".py[") || has(line, " HOST KEY ");
}

static void take_line(struct vt_cloud_report *report, struct line line)
{
    char clean[VT_REPORT_LINE];

    if (line.len > sizeof(clean))
        line.len = sizeof(clean);
    if (!is_interesting(report, line))
        return;
    memcpy(clean, line.at, line.len);
    take_clean_line(report, (struct line){clean, strip_controls(clean, line.len)});
}

static void keep(struct vt_cloud_report *report, struct line part)
{
    size_t room = sizeof(report->line) - report->len;
    size_t take = part.len < room ? part.len : room;

    if (take > 0)
        memcpy(report->line + report->len, part.at, take);
    report->len += take;
}

void vt_cloud_report_console(struct vt_cloud_report *report, const char *data, size_t len)
{
    while (len > 0) {
        const char *newline = memchr(data, '\n', len);
        struct line part = {data, newline ? (size_t)(newline - data) : len};

        if (newline && report->len == 0) {
            take_line(report, part);
        } else {
            keep(report, part);
            if (newline) {
                struct line whole = {report->line, report->len};

                report->len = 0;
                take_line(report, whole);
            }
        }
        data += part.len + (newline ? 1 : 0);
        len -= part.len + (newline ? 1 : 0);
    }
}

/* ---- status.json ---- */

/* Take every text of the array @list. */
static void take_list(struct vt_cloud_report *report, struct json_object *list, bool errors)
{
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    for (size_t i = 0; i < count && i < MAX_MESSAGES; i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(list, i));

        if (!text)
            continue;
        if (errors) {
            VT_AUTO_FREE char *words = printable(text, strlen(text));

            add_error(report, words);
        } else {
            add_warning(report, text, strlen(text));
        }
    }
}

/* The errors and warnings of one stage. Returns whether it knows of warnings. */
static bool take_stage(struct vt_cloud_report *report, struct json_object *stage)
{
    struct json_object *recoverable = json_object_object_get(stage, "recoverable_errors");

    take_list(report, json_object_object_get(stage, "errors"), true);
    if (!json_object_is_type(recoverable, json_type_object))
        return false;
    json_object_object_foreach(recoverable, level, list)
    {
        (void)level;
        take_list(report, list, false);
    }
    return true;
}

static void take_over(struct vt_cloud_report *report, struct vt_cloud_report *from, bool warnings)
{
    vt_buf_done(&report->errors);
    report->errors = from->errors;
    report->error_count = from->error_count;
    from->errors = (struct vt_buf)VT_BUF_INIT(WORDS_LIMIT);
    if (!warnings)
        return;
    vt_buf_done(&report->warnings);
    report->warnings = from->warnings;
    report->warning_count = from->warning_count;
    from->warnings = (struct vt_buf)VT_BUF_INIT(WORDS_LIMIT);
}

int vt_cloud_report_status(struct vt_cloud_report *report, const char *text)
{
    struct json_object *object = json_tokener_parse(text);
    struct json_object *stages = json_object_object_get(object, "v1");
    VT_AUTO_CLOUD_REPORT struct vt_cloud_report taken;
    bool warnings = false;
    int r = json_object_is_type(stages, json_type_object) ? 0 : -EBADMSG;

    vt_cloud_report_init(&taken, report->phone_home);
    if (r == 0) {
        json_object_object_foreach(stages, name, stage)
        {
            (void)name;
            if (json_object_is_type(stage, json_type_object))
                warnings |= take_stage(&taken, stage);
        }
        take_over(report, &taken, warnings);
    }
    (void)json_object_put(object);
    return r;
}

/* ---- the verdict ---- */

enum vt_cloud_init vt_cloud_report_state(const struct vt_cloud_report *report)
{
    if (!report->ended)
        return report->begun ? VT_CLOUD_INIT_PENDING : VT_CLOUD_INIT_UNSEEN;
    if (report->error_count > 0)
        return VT_CLOUD_INIT_ERROR;
    return report->warning_count > 0 ? VT_CLOUD_INIT_DEGRADED : VT_CLOUD_INIT_DONE;
}

char *vt_cloud_report_text(const struct vt_cloud_report *report)
{
    VT_AUTO_FREE char *who = vt_fmt("cloud-init%s%s", *report->version ? " " : "", report->version);

    switch (vt_cloud_report_state(report)) {
    case VT_CLOUD_INIT_UNSEEN:
        return vt_strdup("no sign of cloud-init was seen");
    case VT_CLOUD_INIT_PENDING:
        return vt_fmt("%s has not finished", who);
    case VT_CLOUD_INIT_ERROR:
        return vt_fmt("%s failed: %s", who, vt_buf_str(&report->errors));
    case VT_CLOUD_INIT_DEGRADED:
        return vt_fmt("%s finished degraded: %s", who, vt_buf_str(&report->warnings));
    default:
        return vt_fmt("%s finished without errors", who);
    }
}
