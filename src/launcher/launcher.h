/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one virtainer, from the wishes to the exit status. */
#pragma once

#include "config/config.h"

/*
 * Run the guest that @config describes until it is off. Returns the exit status: 0 when it powered
 * itself off or was stopped cleanly (also before it was started), or that of an error's cause; the
 * error has been logged, before the commands that wait for the end were told. What was prepared is
 * not freed: the process is about to end.
 */
int vt_launcher_run(struct vt_config *config) VT_MUST_CHECK;
