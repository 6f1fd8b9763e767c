/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/console_lines.h"

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

/* An object without its line: the time, the names, the newline. */
#define OBJECT_SIZE 96

static void add_piece(struct vt_buf *out, const char *text, size_t len, bool partial)
{
    vt_log_begin_object(out);
    vt_buf_adds(out, ",\"event\":\"console\",\"line\":");
    vt_json_add_string(out, text, len);
    vt_buf_adds(out, partial ? ",\"partial\":true}\n" : "}\n");
}

/* Append the first @len bytes that are pending, and keep the others. */
static void take_piece(struct vt_console_lines *lines, struct vt_buf *out, size_t len, bool partial)
{
    struct vt_buf *pending = &lines->pending;

    add_piece(out, vt_buf_str(pending), len, partial);
    pending->len -= len;
    if (pending->len > 0)
        memmove(pending->data, pending->data + len, pending->len);
}

static size_t without_returns(const char *text, size_t len)
{
    while (len > 0 && text[len - 1] == '\r')
        len--;
    return len;
}

/* The line ends with the @len bytes at @text. */
static void end_line(struct vt_console_lines *lines, const char *text, size_t len,
                     struct vt_buf *out)
{
    struct vt_buf *pending = &lines->pending;

    if (pending->len == 0) {
        add_piece(out, text, without_returns(text, len), false);
        return;
    }
    vt_buf_add(pending, text, len);
    pending->len = without_returns(pending->data, pending->len);
    take_piece(lines, out, pending->len, false);
}

/* Keep what has no end yet, or begin a new piece where it grows too long. */
static void keep(struct vt_console_lines *lines, const char *text, size_t len, struct vt_buf *out)
{
    struct vt_buf *pending = &lines->pending;

    while (len > pending->limit - pending->len) {
        size_t room = pending->limit - pending->len;

        vt_buf_add(pending, text, room);
        take_piece(lines, out, pending->len - vt_utf8_unfinished(pending->data, pending->len),
                   true);
        text += room;
        len -= room;
    }
    vt_buf_add(pending, text, len);
}

void vt_console_lines_feed(struct vt_console_lines *lines, const char *text, size_t len,
                           struct vt_buf *out)
{
    const char *newline;

    while (len > 0 && (newline = memchr(text, '\n', len))) {
        size_t n = (size_t)(newline - text);

        if (n > lines->pending.limit - lines->pending.len) {
            keep(lines, text, n, out);
            n = 0;
        }
        end_line(lines, newline - n, n, out);
        len -= (size_t)(newline + 1 - text);
        text = newline + 1;
    }
    keep(lines, text, len, out);
}

void vt_console_lines_flush(struct vt_console_lines *lines, struct vt_buf *out)
{
    struct vt_buf *pending = &lines->pending;
    size_t len = pending->len - vt_utf8_unfinished(vt_buf_str(pending), pending->len);

    /* A return may belong to the newline that is still to come. */
    len = without_returns(vt_buf_str(pending), len);
    if (len > 0)
        take_piece(lines, out, len, true);
}

bool vt_console_lines_pending(const struct vt_console_lines *lines)
{
    return lines->pending.len > 0;
}

size_t vt_console_lines_growth(size_t len)
{
    return (len + 1) * (OBJECT_SIZE + 6) + (size_t)6 * VT_CONSOLE_LINE_MAX;
}
