/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread beside the loop for calls that may block (libvirt's answer when only QEMU can make
 * it). What it did is reported in the loop, so nothing else of ours needs to think of threads.
 */
#pragma once

#include "base/error.h"

struct vt_worker;

/* Runs on the worker thread; must not touch what the loop owns, except through @data. */
typedef void (*vt_work)(void *data);
/* Runs in the loop after the work is done. */
typedef void (*vt_work_done)(void *data);

/* Start the thread; the loop must be initialised. */
int vt_worker_new(struct vt_worker **ret, struct vt_error *err) VT_MUST_CHECK;

/* Queue @work; calls run one after another, in this order. @done may be NULL. */
void vt_worker_submit(struct vt_worker *worker, vt_work work, vt_work_done done, void *data);

/* What else may end vt_worker_call(). */
struct vt_worker_limits {
    const int *abort_fds; /* whose becoming readable ends the wait */
    size_t abort_count;
    /* Asked after children were reaped: how many ms the wait may last from now on, -1 for ever.
     * NULL: for ever. */
    int (*patience)(void *data);
    void *data;
};

/*
 * Queue @work and wait for its end outside the loop, within @limits (may be NULL). Children are
 * reaped meanwhile: libvirtd waits for processes that it kills, which may have become ours. Returns
 * 0 when the work is done, 1 + the index of the descriptor that ended the wait, or -ETIMEDOUT when
 * the patience was over; the work then still runs and @data must stay, so the caller should be
 * about to exit, or call again to wait for it behind other work.
 */
int vt_worker_call(struct vt_worker *worker, vt_work work, void *data,
                   const struct vt_worker_limits *limits) VT_MUST_CHECK;
