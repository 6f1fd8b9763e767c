/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far the guest has come since this start: milestones, each passed once, and what cloud-init
 * says of itself. Pure. It is the object "ready" of state.json (docs/state-json.md).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct json_object;

enum vt_milestone {
    VT_MILESTONE_RUNNING,    /* QEMU runs it */
    VT_MILESTONE_NETWORK,    /* it answered at its address */
    VT_MILESTONE_SSH,        /* an SSH server introduced itself there */
    VT_MILESTONE_CLOUD_INIT, /* cloud-init has ended */
    VT_MILESTONE_READY,      /* SSH, and the end of cloud-init where there is one */
    VT_MILESTONE_MAX_,
};

enum vt_cloud_init {
    VT_CLOUD_INIT_UNSEEN,  /* no sign of it */
    VT_CLOUD_INIT_PENDING, /* it has begun */
    VT_CLOUD_INIT_DONE,
    VT_CLOUD_INIT_DEGRADED, /* it has ended, with warnings (cloud-init's own word) */
    VT_CLOUD_INIT_ERROR,    /* it has ended, and something did not work */
    VT_CLOUD_INIT_MAX_,
};

struct vt_ready {
    int64_t passed[VT_MILESTONE_CLOUD_INIT]; /* seconds since 1970; 0: not yet */
    enum vt_cloud_init cloud_init;
    int64_t cloud_init_at; /* since when it is so; 0 when unseen */
    char *detail;          /* cloud-init's words about its end, or NULL */
};

/* Free what @ready holds and make it empty. */
void vt_ready_done(struct vt_ready *ready);

/* Whether @is is of a later boot than @was: within one, nothing that has come about goes away. */
bool vt_ready_began_anew(const struct vt_ready *was, const struct vt_ready *is);

/* "running", "network", "ssh", "cloud-init" and "ready", in the order of enum vt_milestone and
 * ended by NULL: the values of `virtainer wait --for`. */
extern const char *const vt_milestone_names[];

const char *vt_milestone_name(enum vt_milestone milestone);
/* The milestone called @name, or VT_MILESTONE_MAX_. */
enum vt_milestone vt_milestone_find(const char *name);

/* "pending", "done", "degraded" or "error"; NULL for unseen. */
const char *vt_cloud_init_name(enum vt_cloud_init state);

/* The JSON object of @ready, owned by the caller; and the other way round: what is missing in
 * @object (may be NULL) is not yet so. @ret is overwritten. */
struct json_object *vt_ready_to_json(const struct vt_ready *ready);
void vt_ready_from_json(struct json_object *object, struct vt_ready *ret);
