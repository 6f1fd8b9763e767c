/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's terminal, or what stands for it: what the guest says goes from QEMU's pipe to
 * standard output and to whoever taps it, what a person types on standard input goes to the guest's
 * console.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "vm/console.h"

/* The pipe into which QEMU copies what the guest's console says. */
#define VT_CONSOLE_PIPE "/run/virtainer/console"

struct vt_terminal;

/*
 * Make the pipe @path for QEMU to write to, and watch it. From here on it is read whatever happens
 * to standard output, as a full pipe would stop the guest; what standard output does not take in
 * time is dropped and counted. With VT_LOG_JSON it gets an object for each line. The time of the
 * file "@path.stamp" is that of the guest's last output, to a second, on the clock of vt_now_ms();
 * 0: it has said nothing.
 */
int vt_terminal_new(struct vt_terminal **ret, const char *path, enum vt_log_format format,
                    struct vt_error *err) VT_MUST_CHECK;

typedef void (*vt_terminal_callback)(const char *text, size_t len, void *data);

/* Call @callback in the loop with every byte that the guest says; it must not wait. There is place
 * for a few. */
void vt_terminal_tap(struct vt_terminal *terminal, vt_terminal_callback callback, void *data);

/* Put a terminal on standard input into raw mode and give what is typed there to @console. */
void vt_terminal_attach(struct vt_terminal *terminal, struct vt_console *console);

/* The guest has taken what was typed: more may come. */
void vt_terminal_resume(struct vt_terminal *terminal);

/* The guest is off: write what is left, as far as that needs no waiting, and restore the terminal.
 */
void vt_terminal_finish(struct vt_terminal *terminal);
