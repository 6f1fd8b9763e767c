/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .virtainer/base.json in the data directory: which base image the overlay was made on.
 *
 *     { "version": 1, "path": "/image", "format": "qcow2", "file_size": 1049034752,
 *       "virtual_size": 42949672960, "fingerprint": "sampled-sha256:…", "header_path":
 * "/disk/a.qcow2", "source": "https://…", "checksum": "sha256:…", "name": "fedora:43",
 *       "download": "0a1b2c3d4e5f6789-a.qcow2" }
 *
 * "header_path" is there when the overlay's header named the base so while the record was written,
 * and was about to be rewritten: a start that was killed between the two leaves the header so.
 * "source" is there when the base was downloaded from that address, or unpacked from that file,
 * "checksum" when a download had to be that, "name" when the catalogue had it under that, and
 * "download", which is made of both the whole address and the checksum, to know them again.
 * "flattened": true when the overlay was made to need no base, or was about to be: an overlay that
 * names none is then ours.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/probe.h"

struct vt_record {
    char *path;
    char *header_path; /* or NULL */
    char *format;
    uint64_t file_size;
    uint64_t virtual_size;
    char *fingerprint;
    char *source;   /* or NULL */
    char *checksum; /* or NULL */
    char *name;     /* or NULL */
    char *download; /* or NULL */
    bool flattened;
};

#define VT_AUTO_RECORD VT_CLEANUP(vt_record_done)

void vt_record_done(struct vt_record *record);

/*
 * Read the record @path. Returns 0, -ENOENT (with @err untouched) when there is none, or another
 * negative errno with VT_CAUSE_DATA_DIR. @ret, uninitialised before, is set on success only.
 */
int vt_record_read(const char *path, struct vt_record *ret, struct vt_error *err) VT_MUST_CHECK;

/* Write @base, and @header_path unless it is NULL, to the record @path. */
int vt_record_write(const char *path, const struct vt_base *base, const char *header_path,
                    struct vt_error *err) VT_MUST_CHECK;

/* Add to the record @record that is at @path that the overlay needs no base. */
int vt_record_set_flattened(const char *path, const struct vt_record *record,
                            struct vt_error *err) VT_MUST_CHECK;
