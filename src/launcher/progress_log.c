/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/progress_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

/* Long steps say how far they are, but not more often than this. */
#define PROGRESS_EVERY 2000 /* ms */

char *vt_progress_text(const struct vt_progress_log *log, const char *what, uint64_t done,
                       uint64_t total)
{
    VT_AUTO_FREE char *done_text = vt_size_text(done);
    VT_AUTO_FREE char *total_text = vt_size_text(total);

    if (total == 0)
        return vt_fmt("%s %s: %s", what, log->object, done_text);
    return vt_fmt("%s %s: %d%%, %s of %s", what, log->object, (int)(done * 100 / total), done_text,
                  total_text);
}

static void on_step(const char *what, uint64_t done, uint64_t total, void *data)
{
    struct vt_progress_log *log = data;
    int64_t now = vt_now_ms();
    VT_AUTO_FREE char *text = NULL;

    if (now - log->last < PROGRESS_EVERY)
        return;
    log->last = now;
    text = vt_progress_text(log, what, done, total);
    vt_info("%s", text);
}

static void on_notice(const char *text, void *data)
{
    (void)data;
    vt_info("%s", text);
}

struct vt_progress vt_progress_log_begin(struct vt_progress_log *log, const char *object)
{
    *log = (struct vt_progress_log){object, vt_now_ms()};
    return (struct vt_progress){on_step, log, on_notice};
}
