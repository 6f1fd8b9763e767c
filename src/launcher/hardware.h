/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which disk and network card the guest has, in .virtainer/hardware: a system that is installed
 * finds its disk on the bus that it was installed on, whatever OS_VARIANT is said to be later, and
 * whatever a newer osinfo knows. One line, a bus and a card: "sata e1000e".
 */
#pragma once

#include "launcher/data_dir.h"
#include "vm/osinfo.h"

/*
 * Before the overlay is made, @hardware is what OS_VARIANT chooses; it is written down in @data.
 * Where there is one (@has_overlay), its disk and network_model become what is written down; where
 * nothing is, virtio, which overlays had before there was such a file.
 *
 * *@ret_notice, owned by the caller, is a sentence for the person if @variant, which is OS_VARIANT,
 * would choose something else and is known to osinfo; else NULL. Errors: VT_CAUSE_DATA_DIR, also
 * for a damaged file, and VT_CAUSE_DATA_FULL.
 */
int vt_hardware_keep(const struct vt_data_dir *data, bool has_overlay, const char *variant,
                     struct vt_hardware *hardware, char **ret_notice,
                     struct vt_error *err) VT_MUST_CHECK;
