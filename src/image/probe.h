/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a base image is: found by its content, never by its name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct vt_base {
    char *path;            /* absolute */
    const char *format;    /* "qcow2", "raw", "vmdk", "vdi" or "vhdx"; static */
    uint64_t file_size;    /* bytes */
    uint64_t virtual_size; /* bytes, a multiple of 512 */
    char *fingerprint;     /* see image/fingerprint.h */
    char *source;          /* the URL or packed file that it was made of, or NULL: it is as given */
    char *checksum;        /* what the person said that a download must be, or NULL */
    char *name;            /* the catalogue's ("fedora:43"), or NULL */
    char *download;        /* vt_image_fetch_name() of its address and checksum, or NULL */
};

#define VT_AUTO_BASE VT_CLEANUP(vt_base_done)

void vt_base_done(struct vt_base *base);

/*
 * Describe the image @path. Nothing is run for qcow2 and raw; the others are asked of qemu-img,
 * which a readable
 * @cancel_fd (-1 for none) ends. An image that is none, is encrypted, is compressed or names
 * another file (as its backing file, data file or extent: it could read any file of the container)
 * is refused with VT_CAUSE_BAD_IMAGE; vt_image_open() has the other errors. @ret, uninitialised
 * before, is set on success only.
 */
int vt_base_probe(const char *path, int cancel_fd, struct vt_base *ret,
                  struct vt_error *err) VT_MUST_CHECK;

/* Whether @path is compressed, or a tar archive: to be unpacked before it can be a base image. */
int vt_image_is_packed(const char *path, bool *ret, struct vt_error *err) VT_MUST_CHECK;

/* Whether libvirt has a name for the format of @base (virStorageFileFormat in its
 * conf/storage_source_conf.h), and so a guest can have it below its overlay. */
bool vt_base_is_libvirts(const struct vt_base *base);
