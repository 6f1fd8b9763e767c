/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file is, by its first bytes and never by its name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vt_kind {
    VT_KIND_UNKNOWN,
    VT_KIND_EMPTY,
    VT_KIND_ZEROS,
    VT_KIND_HTML,
    VT_KIND_TEXT,
    VT_KIND_ARCHIVE,
    VT_KIND_ISO,
    VT_KIND_VHD,
    VT_KIND_VMDK_TEXT,
    VT_KIND_QCOW2,
    VT_KIND_RAW,
    VT_KIND_VMDK,
    VT_KIND_VDI,
    VT_KIND_VHDX,
    VT_KIND_GZIP,
    VT_KIND_XZ,
    VT_KIND_ZSTD,
    VT_KIND_BZIP2,
    VT_KIND_TAR,
    VT_KIND_MAX_,
};

/* How many bytes of a file vt_kind_of() wants to see; ISO 9660 has its mark farthest out, at 32769.
 */
enum { VT_KIND_READ_SIZE = 65536 };

/* The kind of the file that begins with the @len bytes of @head; fewer than VT_KIND_READ_SIZE only
 * if it ends there. */
enum vt_kind vt_kind_of(const uint8_t *head, size_t len);

/* QEMU's name of the format ("qcow2", "raw", "vmdk", "vdi", "vhdx"), or NULL if it is no disk image
 * that we take. */
const char *vt_kind_format(enum vt_kind kind);

/* Whether it is a compressed file. */
bool vt_kind_compressed(enum vt_kind kind);

/* Whether a disk image can be made of it by unpacking: it is compressed, or a tar archive. */
bool vt_kind_packed(enum vt_kind kind);

/* What it is and what to do about it, to follow "… is not a disk image: it "; for the kinds without
 * a format. */
const char *vt_kind_text(enum vt_kind kind);
