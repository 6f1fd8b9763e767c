/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run-time directory VT_RUN_DIR: one launcher has it, and keeps its log there. */
#pragma once

#include "base/error.h"

/*
 * Make it, take its lock for the process's life, and from here on keep what is logged in
 * VT_EVENTS_PATH. VT_CAUSE_USAGE when another virtainer runs in this container.
 */
int vt_run_dir_take(struct vt_error *err) VT_MUST_CHECK;
