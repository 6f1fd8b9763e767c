/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping the guest that runs here, for stop and for what ends with it. */
#pragma once

#include <stdbool.h>

#include "config/config.h"

/*
 * Stop it in the way @how, within @grace (seconds as text; NULL: as it was started with), telling
 * how far that is. Returns the exit status that the launcher ends with, or 0 at once without
 * @wait, or a negative errno as of vt_client_stop().
 */
int vt_stop_guest(enum vt_stop_how how, const char *grace, bool wait,
                  struct vt_error *err) VT_MUST_CHECK;
