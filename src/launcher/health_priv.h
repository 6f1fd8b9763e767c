/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the unit tests. */
#pragma once

#include "launcher/health.h"

/*
 * What vt_health_warn() says of a table of connections of which no more than a twentieth is left;
 * the kernel tells of it in the files of @directory, each a number. Returns a sentence, which the
 * caller frees, or NULL.
 */
char *vt_health_warning_at(const struct vt_status *status, const char *directory);
