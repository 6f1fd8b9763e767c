/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A download that can be interrupted at any moment and gone on with. It grows as NAME.partial, and
 * NAME.partial.json beside it says what it is a part of:
 *
 *     { "version": 1, "url_digest": "9f86…", "validator": "\"5f3-6…\"", "total": 374341632,
 *       "boot_id": "…" }
 *
 * The record is there before the first byte of what it describes, and the file's size says how far
 * it has come. That is exact when a process is killed. When the machine lost its power, the size
 * may be written and the bytes not: then only a checksum tells, and without one, what was begun
 * before the machine's last start is begun anew.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vt_partial {
    const char *destination;
    const char *url;
    char *path;
    char *record_path;
    int fd;
    uint64_t size;   /* what is there of it */
    char *validator; /* of what is there; NULL: it cannot be gone on with */
    uint64_t total;  /* what it will be, if that is known */
    bool total_known;
};

#define VT_AUTO_PARTIAL VT_CLEANUP(vt_partial_done)
#define VT_PARTIAL_INIT \
    {                   \
        .fd = -1        \
    }

void vt_partial_done(struct vt_partial *partial);

/*
 * Open the file in which @url grows for @destination; both strings must outlive it. What is there
 * is kept if its record fits: of this URL, and, unless @any_boot, of this boot of the machine.
 * @ret, VT_PARTIAL_INIT before, is the caller's to end in any case.
 */
int vt_partial_open(const char *destination, const char *url, bool any_boot, struct vt_partial *ret,
                    struct vt_error *err) VT_MUST_CHECK;

/* Make it empty and forget what it was a part of. */
int vt_partial_empty(struct vt_partial *partial, struct vt_error *err) VT_MUST_CHECK;

/* Note what the bytes that come will be a part of, on the disk too; it is empty. @validator may be
 * NULL. */
int vt_partial_begin(struct vt_partial *partial, const char *validator, uint64_t total,
                     bool total_known, struct vt_error *err) VT_MUST_CHECK;

/* Add @len bytes. */
int vt_partial_add(struct vt_partial *partial, const void *data, size_t len,
                   struct vt_error *err) VT_MUST_CHECK;

/* It is whole: give it its name. */
int vt_partial_finish(struct vt_partial *partial, struct vt_error *err) VT_MUST_CHECK;

/* Remove it and its record. */
void vt_partial_remove(const struct vt_partial *partial);

/* Remove what interrupted downloads have left in the directory @dir, but not what one to
 * @destination (NULL: none) can go on with. Nobody writes there. */
void vt_partial_remove_others(const char *dir, const char *destination);

/* Whether the directory @dir has the beginning of a download that can be gone on with. */
bool vt_partial_is_in(const char *dir);
