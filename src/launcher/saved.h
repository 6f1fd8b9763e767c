/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's saved memory in the data directory:
 *
 *     .virtainer/saving/              a save under way; one that was cut off is worth nothing
 *     .virtainer/saved/memory         what libvirt wrote
 *     .virtainer/saved/state.json     what it fits
 *     .virtainer/resuming/            the same while it is being read, and
 *     .virtainer/resuming/boot-id     in which boot of the machine
 *     .virtainer/spent/               what is being removed because the guest runs
 *     .virtainer/set-aside/TIME/      what did not fit; for the person to look at and delete
 *
 * Each step is the rename of a directory, so that a kill at any moment leaves one of these. Memory
 * fits exactly one state of the disk: that is why the overlay's size, time and fingerprint are
 * noted after QEMU has let go of it, and compared before anything touches it again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launcher/data_dir.h"

/* What a saved memory must fit. Strings belong to the caller. */
struct vt_saved_facts {
    const char *name;
    const char *uuid;
    uint64_t ram; /* bytes */
    unsigned cpus;
    const char *accelerator;
    const char *network;
    const char *video;   /* as VIDEO has it; NULL: not known */
    const char *overlay; /* path */
};

enum vt_saved_kind {
    VT_SAVED_NONE,
    VT_SAVED_FITS,  /* as far as is known before libvirt is asked */
    VT_SAVED_UNFIT, /* reason says why */
};

struct vt_saved {
    enum vt_saved_kind kind;
    char *dir;
    char *memory;         /* path of the file for libvirt */
    char *reason;         /* VT_SAVED_UNFIT: half a sentence */
    int64_t at;           /* seconds since 1970 */
    uint64_t memory_size; /* bytes that the file takes on the disk */
    uint64_t qemu_version;
    bool paused;  /* the guest was when it was saved, and will be again */
    char *cidr;   /* of the guest's network, as struct vt_config has it; NULL: it had none */
    unsigned mtu; /* of its network card, as struct vt_domain_spec has it */
    unsigned serial_ports; /* as struct vt_domain_spec has it */
    bool cut_off;          /* a save was begun and not finished; it was removed */
};

#define VT_AUTO_SAVED VT_CLEANUP(vt_saved_done)

void vt_saved_done(struct vt_saved *saved);

/*
 * Find what is saved in @data, whose lock the caller holds, and whether it fits @facts (whose uuid
 * may be NULL: not known yet). Removes what a cut-off save left. The overlay must not have been
 * touched yet. Returns 0, or a negative errno with VT_CAUSE_DATA_DIR.
 */
int vt_saved_look(const struct vt_data_dir *data, const struct vt_saved_facts *facts,
                  struct vt_saved *ret, struct vt_error *err) VT_MUST_CHECK;

/* It does not fit, for @reason: put it where no start finds it; *@ret_path (owned by the caller)
 * is where. */
int vt_saved_set_aside(struct vt_saved *saved, const struct vt_data_dir *data, char **ret_path,
                       struct vt_error *err) VT_MUST_CHECK;

/*
 * Before a save: *@ret_memory (owned by the caller) is the path of an empty file to write to.
 * Returns a descriptor of it, which the caller closes, or a negative errno.
 */
int vt_saved_begin(const struct vt_data_dir *data, char **ret_memory,
                   struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether libvirt has finished writing the file of which @memory is a descriptor, whatever it said:
 * the first bytes of it are its last word (QEMU_SAVE_MAGIC in libvirt's qemu_saveimage.h), and what
 * QEMU wrote has begun where it must.
 */
bool vt_saved_is_whole(int memory);

/*
 * The memory is written and QEMU has ended: make it what the next start finds. Of @saved the fields
 * qemu_version, paused, cidr, mtu and serial_ports are used. Takes as long as the disk takes to
 * have it all.
 */
int vt_saved_commit(const struct vt_data_dir *data, const struct vt_saved_facts *facts,
                    const struct vt_saved *saved, struct vt_error *err) VT_MUST_CHECK;

/*
 * The save failed: remove what there is of it. @memory is the descriptor that vt_saved_begin()
 * gave: the file is emptied through it, as QEMU may hold it open, and its room with it.
 */
void vt_saved_abandon(const struct vt_data_dir *data, int memory);

/* QEMU has read the memory, and the guest is about to run. */
int vt_saved_consume(struct vt_saved *saved, const struct vt_data_dir *data,
                     struct vt_error *err) VT_MUST_CHECK;

/* The guest runs: the memory is of no use any more, and a part of it no sign of damage. */
void vt_saved_forget(struct vt_saved *saved, const struct vt_data_dir *data);

/* Whether there is one in @data, even if it may not fit. Nothing is changed. */
bool vt_saved_exists(const struct vt_data_dir *data);
