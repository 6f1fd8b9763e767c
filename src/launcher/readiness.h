/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the launcher learns how far its guest has come: from the kernel's news of neighbours and one
 * knock a second at the guest's SSH port after them, from the console, from cloud-init's phone_home
 * and from the guest agent. All in the loop; what waits for the agent has a worker of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "launcher/prepare.h"
#include "launcher/status.h"
#include "vm/domain.h"

struct vt_readiness;

/*
 * @status->ready is kept here; @on_change is called after each change of it. All lives as long as
 * the process.
 */
struct vt_readiness *vt_readiness_new(struct vt_status *status, const struct vt_prepared *prepared,
                                      struct vt_vm *vm, void (*on_change)(void *data), void *data);

/* The guest runs: booted, or @resumed from its saved memory. */
void vt_readiness_begin(struct vt_readiness *readiness, bool resumed);

/* Its address is known now, or another: status->guest_address. */
void vt_readiness_address(struct vt_readiness *readiness);

/* It reboots: everything begins again. */
void vt_readiness_reboot(struct vt_readiness *readiness);

/* The guest agent is there. */
void vt_readiness_agent(struct vt_readiness *readiness);

/* The console said @len bytes; for vt_terminal_tap(). */
void vt_readiness_console(const char *data, size_t len, void *readiness);
