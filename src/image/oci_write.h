/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk as a container image for KubeVirt's containerDisk: an archive in the OCI image layout
 * (opencontainers/image-spec, image-layout.md) that `podman load` takes, with the manifest.json
 * that `docker load` reads. Its one layer has the disk as /disk/NAME.SUFFIX, which belongs to user
 * and group 107, as whom KubeVirt runs QEMU.
 */
#pragma once

#include "base/error.h"
#include "image/progress.h"

struct vt_oci_disk {
    const char *path;    /* of the disk image; read twice */
    const char *archive; /* path of the archive, for messages; the image is NAME:latest by it */
    const char *suffix;  /* "qcow2" */
};

/*
 * Write the archive to @fd, an empty file. @cancel_fd may be -1 and @progress NULL. Errors:
 * VT_CAUSE_USAGE with what writing said (-ENOSPC), VT_CAUSE_NONE with -ECANCELED,
 * VT_CAUSE_INTERNAL.
 */
int vt_oci_write(const struct vt_oci_disk *disk, int fd, int cancel_fd,
                 const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;

/* The image's name by the file name of @archive: without ".tar" and ".oci", in the letters that
 * such a name may have. The caller frees it. */
char *vt_oci_name(const char *archive);
