/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt knows about the QEMU binary. Asking QEMU takes libvirtd half a second and more at
 * its start, so it keeps the answers in a cache, which a container would lose with each run.
 *
 * The container image has the answers for software emulation, made when it was built; libvirt takes
 * them if the change times in them are those of the binaries, which are new wherever an image is
 * unpacked, so we set them. With KVM the answers depend on the machine: those are kept in the data
 * directory, and libvirt itself sees whether they still hold.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "launcher/data_dir.h"

/* Give libvirtd, which is not yet started, the answers that fit. What fails costs time and nothing
 * else. */
void vt_qemu_cache_install(const struct vt_data_dir *data, bool kvm);

/* Keep the answers of this run in the data directory. */
void vt_qemu_cache_keep(const struct vt_data_dir *data);

/*
 * @xml (libvirt's cache format) with other change times of QEMU and libvirt; the caller frees it.
 * NULL when @xml has no such elements.
 */
char *vt_qemu_cache_retime(const char *xml, int64_t qemu_changed, int64_t libvirt_changed);
