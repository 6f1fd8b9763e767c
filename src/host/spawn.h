/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children, run by argument vector and never through a shell. Every child starts with the default
 * signal dispositions, an empty signal mask and no descriptors but those it is given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/* What a child is given beside its arguments; zero-initialise for the defaults. */
struct vt_spawn {
    const char *const *argv;  /* ended by NULL; argv[0] is looked up in PATH */
    const char *const *env;   /* further NAME=value, ended by NULL; NULL for none */
    int in;                   /* descriptor for its standard input; 0 for /dev/null, -1 for ours */
    int out;                  /* descriptor for its standard output; 0 for /dev/null */
    int err;                  /* descriptor for its standard error; 0 for ours */
    const int *listen;        /* sockets passed as systemd's socket activation does (LISTEN_FDS) */
    const char *listen_names; /* their names, with colons between (LISTEN_FDNAMES) */
    size_t listen_count;
    uid_t uid; /* run as this user and group when uid is not 0 */
    gid_t gid;
    bool dies_with_us; /* killed when the thread that starts it ends, be it by SIGKILL */
};

/* Start a child. Returns its process id, or a negative errno (-ENOENT: no such program) with @err
 * set. */
pid_t vt_spawn(const struct vt_spawn *spawn, struct vt_error *err) VT_MUST_CHECK;

/*
 * Wait for the end of the child @pid, calling @tick (may be NULL) with @data every @tick_ms.
 * Returns its exit status, 128 + the signal that killed it, or a negative errno: -EINTR when a
 * signal came (host/interrupt.h), with which the child was ended.
 */
int vt_spawn_wait(pid_t pid, int tick_ms, void (*tick)(void *data), void *data) VT_MUST_CHECK;

/*
 * Run @argv to its end. Standard output and error go to @out and @errout when they are not NULL
 * (bounded by their limits), else to /dev/null and our own. Returns its exit status (128 + signal
 * if it was killed), or a negative errno with @err set: -ECANCELED when @cancel_fd (-1 for none)
 * became readable, which kills the child, and -ETIMEDOUT after @timeout_ms (-1 for none), likewise.
 * The child is killed as well when we are.
 */
int vt_run(const char *const *argv, struct vt_buf *out, struct vt_buf *errout, int cancel_fd,
           int timeout_ms, struct vt_error *err) VT_MUST_CHECK;

/* The same with the @fd_count descriptors @fds, which the child has as 3, 4, … */
int vt_run_with(const char *const *argv, const int *fds, size_t fd_count, struct vt_buf *out,
                struct vt_buf *errout, int cancel_fd, int timeout_ms,
                struct vt_error *err) VT_MUST_CHECK;

/* Called now and then, and at least every @every_ms. */
struct vt_tick {
    int every_ms;
    void (*call)(void *data);
    void *data;
};

/* vt_run() for what may take as long as it takes: without a deadline, and @tick can tell from what
 * is in @out so far how far it has come. */
int vt_run_long(const char *const *argv, struct vt_buf *out, struct vt_buf *errout, int cancel_fd,
                const struct vt_tick *tick, struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether user @uid in group @gid may open @path for reading, tried by a child that becomes that
 * user. Returns 0 or a negative errno (-EACCES).
 */
int vt_readable_by(const char *path, uid_t uid, gid_t gid) VT_MUST_CHECK;

/*
 * End process @pid: SIGTERM, SIGKILL after @term_ms if that was not enough, and wait until it is
 * gone. May be called from any thread; somebody else must reap it. Returns 0 or -ETIMEDOUT.
 */
int vt_end_process(pid_t pid, int term_ms) VT_MUST_CHECK;
