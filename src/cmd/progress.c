/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define SHOW_EVERY 1000 /* ms */

void vt_cmd_progress_end(struct vt_cmd_progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
    progress->shown = false;
}

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    struct vt_cmd_progress *progress = data;
    VT_AUTO_FREE char *text = NULL;
    int64_t now = vt_now_ms();

    if (now - progress->log.last < SHOW_EVERY)
        return;
    progress->log.last = now;
    vt_cmd_progress_end(progress);
    text = vt_progress_text(&progress->log, what, done, total);
    (void)fputs(text, stderr);
    progress->shown = true;
}

static void on_notice(const char *text, void *data)
{
    vt_cmd_progress_end(data);
    vt_info("%s", text);
}

struct vt_progress vt_cmd_progress_begin(struct vt_cmd_progress *progress, const char *object)
{
    struct vt_progress lines = vt_progress_log_begin(&progress->log, object);

    progress->shown = false;
    return isatty(STDERR_FILENO) ? (struct vt_progress){on_step, progress, on_notice} : lines;
}
