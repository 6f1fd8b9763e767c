/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What virtainer knows of its guest, for `virtainer state`, `list` and `healthcheck` in `docker
 * exec`: a small JSON file, replaced whole at every change, so that reading it costs next to
 * nothing and asks nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "launcher/ready.h"

#define VT_RUN_DIR     "/run/virtainer"
#define VT_STATUS_PATH VT_RUN_DIR "/state.json"
/* What was logged, for `virtainer log`: docs/log-json.md. */
#define VT_EVENTS_PATH     VT_RUN_DIR "/log.jsonl"
#define VT_EVENTS_OLD_PATH VT_RUN_DIR "/log.1.jsonl"
#define VT_EVENTS_MAX      (1 << 20) /* bytes */

enum vt_phase {
    VT_PHASE_PREPARING, /* image, overlay, seed, libvirtd */
    VT_PHASE_RESUMING,  /* from a saved state */
    VT_PHASE_RUNNING,
    VT_PHASE_PAUSED,
    VT_PHASE_SAVING,
    VT_PHASE_STOPPING,
    VT_PHASE_STOPPED,
    VT_PHASE_SAVED, /* stopped, and the next start resumes it */
    VT_PHASE_MAX_,
};

struct vt_status {
    enum vt_phase phase;
    char *name;
    char *uuid;
    char *accelerator;   /* "kvm" or "tcg" */
    char *network;       /* "nat", "user", "bridge" or "none" */
    char *address;       /* the container's, where the guest is reached; NULL: unknown */
    char *guest_address; /* where the container reaches the guest; NULL: unknown, or no network */
    char *address6;      /* the same two for IPv6; NULL: none */
    char *guest_address6;
    char *mac;
    char *network_card; /* "virtio", "e1000e", …; NULL: it has no network */
    char *overlay;
    char *base;
    char *disk_bus; /* "virtio", "sata" or "ide" */
    char *ssh_user; /* whom the person wants virtainer ssh to log in as; NULL: not said */
    char *problem;  /* "disk-error": the guest is paused because its disk could not be written;
                       NULL: none */
    bool address_pending; /* guest_address is unknown, and may yet be learned from the guest */
    uint64_t ram;         /* bytes */
    uint64_t disk_size;   /* bytes */
    unsigned cpus;
    pid_t qemu_pid; /* 0: none */
    int64_t since;  /* of the phase, seconds since 1970 */
    struct vt_ready ready;
};

#define VT_AUTO_STATUS VT_CLEANUP(vt_status_done)

void vt_status_done(struct vt_status *status);

/* Whether the guest has a network, or may have: at the very beginning that is not decided yet. */
bool vt_status_has_network(const struct vt_status *status);

#define VT_PROBLEM_DISK "disk-error"

/* "preparing", "running", … */
const char *vt_phase_name(enum vt_phase phase);

/* Write @status to VT_STATUS_PATH. */
int vt_status_write(const struct vt_status *status) VT_MUST_CHECK;

/*
 * Read it. Returns 0, -ENOENT when no virtainer runs here, or another negative errno; @err is set
 * for each, with VT_CAUSE_USAGE for -ENOENT.
 */
int vt_status_read(struct vt_status *ret, struct vt_error *err) VT_MUST_CHECK;

/* What vt_status_json() made @text from. Returns 0, or -EBADMSG with @ret empty. */
int vt_status_parse(const char *text, struct vt_status *ret) VT_MUST_CHECK;

/* @status as JSON for people's programs (docs/state-json.md); the caller frees it. */
char *vt_status_json(const struct vt_status *status);
