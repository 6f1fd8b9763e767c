/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one event loop: libvirt's default implementation behind few functions, so that libvirt's own
 * sockets and timers, our signals, children, descriptors and timers are served by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum vt_event {
    VT_EVENT_READ = 1,
    VT_EVENT_WRITE = 2,
    VT_EVENT_HANGUP = 4, /* also error; always reported */
};

typedef void (*vt_fd_callback)(int watch, int fd, unsigned events, void *data);
typedef void (*vt_timer_callback)(int timer, void *data);
/* @status as waitpid gives it. */
typedef void (*vt_child_callback)(pid_t pid, int status, void *data);
typedef void (*vt_signal_callback)(int signal, void *data);

/*
 * Block every signal we handle, so that one that comes before the loop waits for it: the kernel
 * drops what PID 1 neither blocks nor handles. Returns 0 or a negative errno.
 */
int vt_loop_hold_signals(void);

/*
 * Block every signal we handle, register the event implementation and make signalfds. Call it first
 * in the process, before any thread exists and before any libvirt connection. We become a child
 * subreaper, so that daemons that detach themselves (QEMU, dnsmasq) are ours to wait for also when
 * we are not PID 1.
 */
int vt_loop_init(struct vt_error *err) VT_MUST_CHECK;

/* A descriptor that is readable while a stop signal (TERM, INT, QUIT) waits; for waits outside the
 * loop. */
int vt_loop_stop_fd(void);

/*
 * A descriptor that is readable while children wait to be reaped, and the reaping of all of them;
 * for waits outside the loop that last.
 */
int vt_loop_child_fd(void);
void vt_loop_reap(void);

/* Call @callback for each TERM, INT and QUIT, in the loop. */
int vt_loop_on_signal(vt_signal_callback callback, void *data) VT_MUST_CHECK;

/* Run until vt_loop_quit(). */
int vt_loop_run(struct vt_error *err) VT_MUST_CHECK;
void vt_loop_quit(void);

/* Watch @fd. Returns a watch number, or a negative errno. */
int vt_loop_add_fd(int fd, unsigned events, vt_fd_callback callback, void *data) VT_MUST_CHECK;
void vt_loop_update_fd(int watch, unsigned events);
void vt_loop_remove_fd(int watch);

/* Call @callback every @ms milliseconds; -1 makes a timer that sleeps until it is updated. */
int vt_loop_add_timer(int ms, vt_timer_callback callback, void *data) VT_MUST_CHECK;
void vt_loop_update_timer(int timer, int ms);
void vt_loop_remove_timer(int timer);

/*
 * Call @callback once when the child @pid has ended; also when it ended before this call and was
 * not yet asked for. Every child, known or not, is reaped.
 */
void vt_loop_watch_child(pid_t pid, vt_child_callback callback, void *data);
void vt_loop_forget_child(pid_t pid);
