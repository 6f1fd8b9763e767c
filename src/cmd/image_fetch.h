/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cmd/command.h"

/* The work of `virtainer image fetch NAME|URL FILE`: returns as a command's work does. */
int vt_image_fetch_run(const struct vt_call *call, struct vt_error *err) VT_MUST_CHECK;
