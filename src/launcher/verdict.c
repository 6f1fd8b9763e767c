/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/verdict.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/str.h"
#include "host/files.h"

#define LOG_MAX   (1 << 20)
#define LOG_LINES 10

bool vt_end_is_known(const struct vt_end *end)
{
    return end->powered_off || end->panicked || end->forced || end->saved || end->saved_away ||
           end->save_error.msg || WIFSIGNALED(end->qemu_status);
}

/*
 * Where what QEMU itself said begins in @log: behind its command line, which libvirt writes there
 * with a backslash at the end of each line but the last.
 */
static const char *after_command_line(const char *log)
{
    const char *last = NULL, *end;

    for (const char *p = log; (p = strstr(p, " \\\n")); p++)
        last = p;
    end = last ? strchr(last + 3, '\n') : NULL;
    return end ? end + 1 : log;
}

char *vt_qemu_last_words(const char *log)
{
    const char *first = after_command_line(log);
    size_t len = strlen(first);
    const char *start;
    int lines = 0;

    while (len > 0 && first[len - 1] == '\n')
        len--;
    for (start = first + len; start > first; start--) {
        if (start[-1] == '\n' && ++lines == LOG_LINES)
            break;
    }
    return vt_fmt("\n%.*s", (int)(first + len - start), start);
}

static int crash(const struct vt_end *end, const char *qemu_log, struct vt_error *err)
{
    VT_AUTO_FREE char *log = NULL, *words = NULL;

    if (end->panicked)
        return vt_error_set(err, VT_CAUSE_CRASHED, -EIO,
                            "the guest's kernel panicked: see the end of its console above");
    words = vt_file_read(qemu_log, LOG_MAX, &log, NULL) == 0 ? vt_qemu_last_words(log)
                                                             : vt_strdup(" none");
    if (WIFSIGNALED(end->qemu_status))
        return vt_error_set(
            err, VT_CAUSE_CRASHED, -EIO, "QEMU was ended by signal %d (%s); its last log lines:%s",
            WTERMSIG(end->qemu_status), strsignal(WTERMSIG(end->qemu_status)), words);
    return vt_error_set(err, VT_CAUSE_CRASHED, -EIO,
                        "QEMU ended with status %d; its last log lines:%s",
                        WEXITSTATUS(end->qemu_status), words);
}

int vt_end_verdict(const struct vt_end *end, const char *qemu_log, struct vt_error *err)
{
    bool clean_exit = WIFEXITED(end->qemu_status) && WEXITSTATUS(end->qemu_status) == 0;

    if (end->saved || end->saved_away || end->wished_off)
        return 0;
    if (end->save_error.msg)
        return vt_error_set(err, end->save_error.cause, -EIO,
                            "%s; the guest's memory is lost, and its disk is as after a power cut",
                            end->save_error.msg);
    if (end->powered_off && clean_exit)
        return 0;
    if (end->forced)
        return vt_error_set(err, VT_CAUSE_FORCED, -ETIMEDOUT,
                            "the guest was forced off; what it had not written is lost to it, and "
                            "its disk is as after a power cut");
    if (end->panicked || !clean_exit)
        return crash(end, qemu_log, err);
    if (end->failed_save && !end->pressed_since)
        return vt_error_set(err, VT_CAUSE_FORCED, -ECANCELED,
                            "the guest ended over a save that failed (%s): its disk is as after a "
                            "power cut",
                            end->failed_save);
    /* A libvirtd that was killed meanwhile has told nobody that the guest heeded the button. */
    if (end->asked && !end->destroyed)
        return 0;
    return vt_error_set(err, VT_CAUSE_FORCED, -ECANCELED,
                        "the guest was forced off from outside (virsh destroy)");
}
