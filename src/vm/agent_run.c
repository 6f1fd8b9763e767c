/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation, of vt_agent_run_piped(): the agent gives a program's output only when it has
 * ended, and libvirt takes no answer that is longer than some megabytes. So a shell in the guest
 * sends the output to two files, which are read on while the program runs.
 */
#include "vm/agent_run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/random.h>

#include "base/str.h"
#include "host/interrupt.h"

/* A program that has just been started may end soon; one that runs for long is asked less often. */
#define FIRST_WAIT 10 /* ms */
#define MAX_WAIT   500

/* What the shell does; its $1 is the directory. 125 is what docker exec uses for its own failures.
 */
static const char redirect[] =
    "d=$1; shift; (umask 077 && mkdir \"$d\" && : >\"$d/out\" && : >\"$d/err\") || exit 125; "
    "exec >\"$d/out\" 2>\"$d/err\" && exec \"$@\"";
#define SHELL_FAILED 125

/* ---- programs ---- */

/* End the program @pid in the guest, which nobody waits for any longer. What it has itself started
 * stays: the agent gives it no group of its own. */
static void end_program(struct vt_session *session, int64_t pid)
{
    VT_AUTO_FREE char *number = vt_fmt("%" PRId64, pid);
    const char *const argv[] = {"/bin/sh", "-c", "kill \"$1\"", "sh", number, NULL};
    int64_t killer;

    (void)!vt_agent_exec(session, argv, NULL, 0, &killer, NULL);
}

int vt_agent_run(struct vt_session *session, const char *const *argv, struct vt_error *err)
{
    struct vt_agent_exec_status status = {false, 0};
    int64_t pid = 0;
    int r = vt_agent_exec(session, argv, NULL, 0, &pid, err);

    for (int wait = FIRST_WAIT; r == 0 && !status.exited;
         wait = wait < MAX_WAIT ? wait * 2 : wait) {
        r = vt_interrupt_wait(-1, 0, wait, err);
        if (r < 0)
            end_program(session, pid);
        else
            r = vt_agent_exec_status(session, pid, &status, err);
    }
    return r < 0 ? r : status.status;
}

/* A file in the guest that is read while it grows, and where that goes. */
struct tail {
    char *path;
    int64_t handle; /* -1: not yet open */
    int fd;
};

struct job {
    struct vt_session *session;
    char *dir;
    int64_t pid; /* 0: it has ended */
    struct tail tails[2];
};

/* Pass on what there is now. Returns whether there was anything, or a negative errno. */
static int drain(struct job *job, struct tail *tail, bool must_be_there, struct vt_error *err)
{
    bool eof = false, any = false;

    if (tail->handle < 0) {
        int r = vt_agent_file_open(job->session, tail->path, "r", &tail->handle,
                                   must_be_there ? err : NULL);

        if (r < 0)
            return must_be_there || r != -EREMOTEIO ? r : 0;
    }
    while (!eof) {
        VT_AUTO_FREE char *data = NULL;
        size_t len = 0;
        int r = vt_agent_file_read(job->session, tail->handle, &data, &len, &eof, err);

        if (r == 0 && len > 0)
            r = vt_interrupt_write(tail->fd, data, len, err);
        if (r < 0)
            return r;
        any = any || len > 0;
        eof = eof || len == 0;
    }
    return any;
}

/* Follow the program to its end. */
static int follow(struct job *job, struct vt_error *err)
{
    struct vt_agent_exec_status status = {false, 0};
    int wait = FIRST_WAIT;

    for (;;) {
        int r, some = 0;

        r = vt_agent_exec_status(job->session, job->pid, &status, err);
        if (r < 0)
            return r;
        if (status.exited)
            job->pid = 0;
        /* Only the shell's own failure leaves no files. */
        for (size_t i = 0; i < VT_ARRAY_SIZE(job->tails); i++) {
            r = drain(job, &job->tails[i], status.exited && status.status != SHELL_FAILED, err);
            if (r < 0)
                return r;
            some |= r;
        }
        if (status.exited)
            return status.status;
        wait = some ? FIRST_WAIT : (wait < MAX_WAIT ? wait * 2 : wait);
        r = vt_interrupt_wait(-1, 0, wait, err);
        if (r < 0)
            return r;
    }
}

/* No name that anybody in the guest could have foreseen. */
static char *new_directory(void)
{
    uint64_t number = 0;

    (void)!getrandom(&number, sizeof(number), 0);
    return vt_fmt("/tmp/virtainer-%016" PRIx64, number);
}

static void clean_up(struct job *job)
{
    const char *const argv[] = {"rm", "-rf", job->dir, NULL};
    int64_t pid;

    for (size_t i = 0; i < VT_ARRAY_SIZE(job->tails); i++) {
        if (job->tails[i].handle >= 0)
            (void)!vt_agent_file_close(job->session, job->tails[i].handle, NULL);
        free(job->tails[i].path);
    }
    (void)!vt_agent_exec(job->session, argv, NULL, 0, &pid, NULL);
    free(job->dir);
}

int vt_agent_run_piped(struct vt_session *session, const char *const *argv, const void *input,
                       size_t len, int out, int errout, struct vt_error *err)
{
    VT_AUTO_FREE const char **words = NULL;
    struct job job = {.session = session, .dir = new_directory()};
    size_t count = 0;
    int r;

    job.tails[0] = (struct tail){vt_fmt("%s/out", job.dir), -1, out};
    job.tails[1] = (struct tail){vt_fmt("%s/err", job.dir), -1, errout};
    while (argv[count])
        count++;
    words = vt_calloc(count + 6, sizeof(*words));
    words[0] = "/bin/sh";
    words[1] = "-c";
    words[2] = redirect;
    words[3] = "virtainer";
    words[4] = job.dir;
    for (size_t i = 0; i < count; i++)
        words[5 + i] = argv[i];
    r = vt_agent_exec(session, words, input, len, &job.pid, err);
    if (r == 0) {
        r = follow(&job, err);
        /* Not when the agent is silent: after a reboot the number is another program's. */
        if ((r == -EINTR || r == -EPIPE) && job.pid > 0)
            end_program(session, job.pid);
    }
    clean_up(&job);
    return r;
}

/* ---- files ---- */

/* Read until @data is full or there is no more. Returns how much, or a negative errno. */
static ssize_t read_full(int fd, char *data, size_t len, struct vt_error *err)
{
    size_t have = 0;

    while (have < len) {
        int r = vt_interrupt_wait(fd, POLLIN, -1, err);
        ssize_t n = r < 0 ? 0 : read(fd, data + have, len - have);

        if (r < 0)
            return r;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vt_error_errno(err, VT_CAUSE_INTERNAL, errno,
                                  "cannot read what is to be copied");
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static int put_chunks(struct vt_session *session, int fd, int64_t handle, vt_copy_progress progress,
                      void *data, struct vt_error *err)
{
    VT_AUTO_FREE char *chunk = vt_calloc(VT_AGENT_CHUNK, 1);
    uint64_t done = 0;

    for (;;) {
        ssize_t n = read_full(fd, chunk, VT_AGENT_CHUNK, err);
        int r;

        if (n <= 0)
            return (int)n;
        r = vt_agent_file_write(session, handle, chunk, (size_t)n, err);
        if (r < 0)
            return r;
        done += (uint64_t)n;
        progress(done, data);
    }
}

int vt_agent_put(struct vt_session *session, int fd, const char *path, vt_copy_progress progress,
                 void *data, struct vt_error *err)
{
    int64_t handle = -1;
    int r = vt_agent_file_open(session, path, "w", &handle, err), closed;

    if (r < 0)
        return r;
    r = put_chunks(session, fd, handle, progress, data, err);
    closed = vt_agent_file_close(session, handle, r < 0 ? NULL : err);
    return r < 0 ? r : closed;
}

int vt_agent_get(struct vt_session *session, const char *path, int fd, vt_copy_progress progress,
                 void *data, struct vt_error *err)
{
    uint64_t done = 0;
    int64_t handle = -1;
    bool eof = false;
    int r = vt_agent_file_open(session, path, "r", &handle, err);

    if (r < 0)
        return r;
    while (r == 0 && !eof) {
        VT_AUTO_FREE char *chunk = NULL;
        size_t len = 0;

        r = vt_interrupt_check(err);
        if (r == 0)
            r = vt_agent_file_read(session, handle, &chunk, &len, &eof, err);
        if (r == 0 && len > 0)
            r = vt_interrupt_write(fd, chunk, len, err);
        done += len;
        progress(done, data);
        /* A guest that has nothing and says that there is more would go on for ever. */
        eof = eof || len == 0;
    }
    (void)!vt_agent_file_close(session, handle, NULL);
    return r;
}
