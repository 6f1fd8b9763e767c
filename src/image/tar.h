/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk image in a tar archive, as an OVA is one too: found by its content among the files that
 * are there beside it.
 *
 * A container image may be one, in the OCI image layout (opencontainers/image-spec,
 * image-layout.md) or as docker saves it. What is a layer there its name and its kind tell, as the
 * index may come after it; in a layer the disk is a file right in /disk, where KubeVirt's
 * containerDisk has it. Layers are compared with the digest in their name, if it has one: what
 * docker saved before version 25 ("ID/layer.tar") has none.
 */
#pragma once

#include "base/error.h"
#include "image/stream.h"

/* Where the disk image goes: its runs of bytes in order, each at its offset; between them are
 * zeros. Returns 0 or a negative errno, which ends the copying. */
typedef int (*vt_tar_write)(const uint8_t *data, size_t len, uint64_t offset, void *arg,
                            struct vt_error *err);

/*
 * Copy the one disk image in the tar @stream, called @path for a person, to @write with @arg while
 * it arrives, and read the stream to its end. *@ret_size becomes the image's size in bytes. Errors:
 * VT_CAUSE_BAD_IMAGE for a damaged archive and, with what is in it, for one without a disk image
 * or with several; those of the stream and of @write.
 */
int vt_tar_copy_disk(struct vt_stream *stream, const char *path, vt_tar_write write, void *arg,
                     uint64_t *ret_size, struct vt_error *err) VT_MUST_CHECK;
