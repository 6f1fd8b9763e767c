/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one virtainer, from the wishes to the exit status. */
#pragma once

#include "config/config.h"

/*
 * Run the guest that @config describes until it is off. Returns 0 when it powered itself off or was
 * stopped cleanly (also before it was started), or a negative errno with @err, whose cause is the
 * exit status. What was prepared is not freed: the process is about to end.
 */
int vt_launcher_run(const struct vt_config *config, struct vt_error *err) VT_MUST_CHECK;
