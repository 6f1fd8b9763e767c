/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typing on the guest's serial console. What the guest says comes another way (a pipe that gets a
 * copy of everything), so the console is only taken while somebody types here, and given back when
 * they rest: then `virsh console` needs no --force, and a `virsh console --force` that took it away
 * is followed by us when it is free again.
 */
#pragma once

#include "host/worker.h"
#include "vm/domain.h"

struct vt_console;

enum vt_console_notice {
    VT_CONSOLE_BUSY, /* somebody else holds the console: what was typed is dropped */
    VT_CONSOLE_LOST, /* somebody took it with --force */
    VT_CONSOLE_ROOM, /* after vt_console_type() said no: more can be typed */
};

typedef void (*vt_console_callback)(enum vt_console_notice notice, void *data);

/* A console for @vm, whose blocking calls run on @worker; all three live as long as the process. */
struct vt_console *vt_console_new(struct vt_vm *vm, struct vt_worker *worker,
                                  vt_console_callback on_notice, void *data);

/*
 * Type @len bytes of @text; takes the console first when it is not ours. Returns false when so much
 * waits for the guest that more should not come before VT_CONSOLE_ROOM; of what comes all the same
 * the end may be lost.
 */
bool vt_console_type(struct vt_console *console, const void *text, size_t len);

/* libvirtd has gone away and the stream with it. */
void vt_console_reset(struct vt_console *console);
