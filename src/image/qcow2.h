/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a qcow2 file, as QEMU's docs/interop/qcow2.txt describes it. Only what tells us
 * whether a file may be handed to QEMU is read here; tables, reference counts and repair are
 * qemu-img's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    VT_QCOW2_HEADER_MIN = 72,   /* of version 2; version 3 has 104 bytes or more */
    VT_QCOW2_NAME_MAX = 1023,   /* of a backing file's name, by the specification */
    VT_QCOW2_FORMAT_MAX = 15,   /* of a backing format's name, by QEMU's implementation */
    VT_QCOW2_READ_SIZE = 65536, /* how much of a file to give to the parser */
};

struct vt_qcow2_header {
    unsigned version;      /* 2 or 3 */
    unsigned cluster_bits; /* 9 to 21 */
    uint64_t virtual_size; /* bytes */
    bool encrypted;
    bool dirty;         /* lazy reference counts were not written back; QEMU does that by itself */
    bool corrupt;       /* QEMU found its tables inconsistent and will only open it for reading */
    bool external_data; /* the guest's data are in another file, which it names */
    uint32_t snapshots; /* how many it holds (`qemu-img snapshot`) */
    bool has_backing;
    char backing_file[VT_QCOW2_NAME_MAX + 1];     /* "" when there is none */
    char backing_format[VT_QCOW2_FORMAT_MAX + 1]; /* "" when none is recorded */
};

/* Whether @data begins as every qcow2 (and the older qcow) file does. */
bool vt_qcow2_has_magic(const uint8_t *data, size_t len);

/*
 * Parse the first @len bytes of a file. Returns 0, or -EINVAL with @err (VT_CAUSE_BAD_IMAGE)
 * holding what is wrong as a phrase about the file ("its header …"), without naming it; @ret is
 * then untouched. Unknown incompatible features are an error, as the specification demands; so is a
 * backing file's name that lies outside the @len bytes.
 */
int vt_qcow2_parse_header(const uint8_t *data, size_t len, struct vt_qcow2_header *ret,
                          struct vt_error *err) VT_MUST_CHECK;
