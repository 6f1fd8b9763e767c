/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libosinfo knows of the guest's system (https://libosinfo.org), from a table that is made of
 * its database when virtainer is built (osinfo_table.c).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Where the table is installed. */
#define VT_OSINFO_TABLE VT_DATA_ROOT "/virtainer/osinfo"

/* What the disk is attached to. */
enum vt_disk_bus { VT_DISK_VIRTIO, VT_DISK_SATA, VT_DISK_IDE };

struct vt_hardware {
    char *os_id; /* osinfo's id, "http://fedoraproject.org/fedora/40", or NULL: not known */
    enum vt_disk_bus disk;
    const char *network_model; /* "virtio", "e1000e", …; static */
};

/* What a guest gets of which nothing is known: virtio, as cloud images want it. */
#define VT_HARDWARE_INIT          \
    {                             \
        .network_model = "virtio" \
    }

void vt_hardware_done(struct vt_hardware *hardware);

/* "virtio", "sata" or "ide". */
const char *vt_disk_bus_name(enum vt_disk_bus bus);

/* Its disk and network card for a file, "sata e1000e"; the caller frees it. */
char *vt_hardware_text(const struct vt_hardware *hardware);

/* The same for a person, "SATA disk, e1000e network card", or without a card; the caller frees it.
 */
char *vt_hardware_words(const struct vt_hardware *hardware, bool has_card);

/* What vt_hardware_text() made @text from, but for os_id; or -EBADMSG, and @ret is as it was. */
int vt_hardware_parse(const char *text, struct vt_hardware *ret) VT_MUST_CHECK;

/*
 * Choose in @ret what the system @variant (a short id, "fedora40", or an id) can drive, from the
 * table @path. Where @variant is not in it, @ret is VT_HARDWARE_INIT and *@ret_nearest the short id
 * that looks most like it, or NULL if there is no table; it belongs to the caller. A newer release
 * of a system that is known is taken as its newest one that is, and *@ret_nearest stays NULL.
 * osinfo's own names for newer ones ("rhel-unknown") get virtio where it tells no device of them.
 */
void vt_osinfo_choose(const char *path, const char *variant, struct vt_hardware *ret,
                      char **ret_nearest);
