/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was decided, told once: as a block for people, and as the first status. */
#pragma once

#include "launcher/prepare.h"
#include "launcher/status.h"

/* The block that is printed before the guest's console; the caller frees it. */
char *vt_summary_text(const struct vt_config *config, const struct vt_prepared *prepared);

/* Log that block, and what a person must be warned of. */
void vt_summary_print(const struct vt_config *config, const struct vt_prepared *prepared);

/* Of @status only where the guest is reached, and whether that is to be learned yet. */
void vt_summary_addresses(const struct vt_prepared *prepared, struct vt_status *status);

/* The status that these decisions make; freed with vt_status_done(). */
void vt_summary_status(const struct vt_config *config, const struct vt_prepared *prepared,
                       struct vt_status *ret);
