/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the guest agent for cloud-init's own files. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Read /run/cloud-init/status.json of the guest @name. It waits, for some seconds at most, so it is
 * for a worker. Returns 0, or a negative errno when no agent tells or there is no such file.
 * @ret_text is the caller's; *@ret_ended: result.json is there too, so it is final.
 */
int vt_cloud_ask(const char *name, char **ret_text, bool *ret_ended,
                 struct vt_error *err) VT_MUST_CHECK;
