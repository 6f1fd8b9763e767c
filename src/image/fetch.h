/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Downloads; this file's implementation is the only one that includes libcurl. */
#pragma once

#include "base/error.h"
#include "image/progress.h"

/*
 * Where the download of @url belongs in @data_dir. The checksum (may be NULL) is part of the name,
 * so that a file of that name was verified against it. The caller frees it.
 */
char *vt_image_fetch_path(const char *data_dir, const char *url, const char *checksum);

/*
 * Download @url (http, https or file) to @destination, unless that is there already. @checksum
 * ("sha256:" and 64 hexadecimal digits, or NULL) is verified as the bytes arrive. @destination
 * appears when it is whole; on failure nothing stays. @cancel_fd (-1 for none), when readable, ends
 * it at once with -ECANCELED and VT_CAUSE_NONE; @progress may be NULL. Other errors: VT_CAUSE_USAGE
 * for a checksum or URL that is none, VT_CAUSE_FETCH, VT_CAUSE_DATA_FULL, VT_CAUSE_DATA_DIR.
 */
int vt_image_fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;
