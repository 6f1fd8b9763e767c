/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/str.h"

const char *const vt_log_level_names[] = {"error", "warning", "info", "debug", NULL};
static_assert(VT_ARRAY_SIZE(vt_log_level_names) == VT_LOG_MAX_ + 1, "every level has a name");

const char *const vt_log_format_names[] = {"text", "json", NULL};

static enum vt_log_level threshold = VT_LOG_INFO;
static bool raw_terminal;

void vt_log_set_level(enum vt_log_level level)
{
    threshold = level;
}

void vt_log_set_raw_terminal(bool raw)
{
    raw_terminal = raw;
}

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

void vt_log(enum vt_log_level level, const char *format, ...)
{
    static const char *const labels[] = {"error: ", "warning: ", "", "debug: "};
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);
    VT_AUTO_FREE char *text = NULL;
    va_list args;

    if (level > threshold)
        return;
    va_start(args, format);
    text = vt_vfmt(format, args);
    va_end(args);
    add_lines(&out, labels[level], text);
    /* One write a message: a line is never torn by the guest's console, which shares the terminal.
     */
    (void)!write(STDERR_FILENO, vt_buf_str(&out), out.len);
}
