/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping the guest for real: what the stop machine (stop.h) decides is done here, with a timer in
 * the loop for its time and the worker for what waits on libvirt.
 */
#pragma once

#include "host/worker.h"
#include "launcher/prepare.h"
#include "launcher/status.h"
#include "launcher/verdict.h"
#include "vm/domain.h"

struct vt_stopping;

/* What the owner of a guest wants to know of its end; all are called in the loop. */
struct vt_stopping_hooks {
    void (*on_phase)(enum vt_phase phase, void *data);
    /* A sentence for the person who waits; it is to be logged too. */
    void (*on_step)(const char *text, void *data);
    /* A save is over, well or not: *end says which. */
    void (*on_saved)(void *data);
};

/*
 * Everything here lives as long as the process. @end is where it is noted what was done to the
 * guest.
 */
struct vt_stopping *vt_stopping_new(const struct vt_config *config,
                                    const struct vt_prepared *prepared, struct vt_vm *vm,
                                    struct vt_worker *worker, struct vt_end *end,
                                    const struct vt_stopping_hooks *hooks, void *data);

/* QEMU's process id, for when force is needed; 0 when it is gone. */
void vt_stopping_set_qemu(struct vt_stopping *stopping, pid_t pid);

/*
 * @who ("SIGTERM", "virtainer stop") asks for a stop, @how or as the configuration says
 * (VT_HOW_SAME). @grace is in seconds, -1 for the configured one; it counts for the first who asks.
 */
void vt_stopping_ask(struct vt_stopping *stopping, const char *who, enum vt_stop_how how,
                     int64_t grace);

/* How @signal is to be answered by the configuration. */
enum vt_stop_how vt_stopping_how(const struct vt_config *config, int signal);

/* Somebody asked already. */
bool vt_stopping_is_under_way(const struct vt_stopping *stopping);

/* Its power is being cut. */
bool vt_stopping_is_forced(const struct vt_stopping *stopping);

/* There is a connection to libvirtd again: a save that its end cut off is begun once more. */
void vt_stopping_reconnected(struct vt_stopping *stopping);

/* The guest's memory is being written at this moment: its end must be waited for. */
bool vt_stopping_is_saving(const struct vt_stopping *stopping);

/* It is not, and that was not tried in vain: to ask for it once more would cut the guest's power.
 */
bool vt_stopping_may_save(const struct vt_stopping *stopping);
