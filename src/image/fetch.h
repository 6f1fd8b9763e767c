/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A base image from a URL. */
#pragma once

#include "base/error.h"
#include "image/expect.h"
#include "image/progress.h"

/*
 * The name of a file for the download of @url. The checksum (may be NULL), and whether it had to be
 * signed (@keyring is not NULL), are part of it, so that a file of that name was verified so. The
 * caller frees it.
 */
char *vt_image_fetch_name(const char *url, const char *checksum, const char *keyring);

/* Where the image is in @data_dir, or belongs: that name, or, if it is there, what was unpacked
 * under the name without suffixes (vt_image_plain_path()). The caller frees it. */
char *vt_image_fetch_path(const char *data_dir, const char *url, const char *checksum,
                          const char *keyring);

/*
 * Download @url (http, https or file) to @destination, and unpack it, if it is packed, while it
 * arrives, to vt_image_plain_path(@destination); unless one of them is there already. @checksum
 * (NULL: none) is "sha256:" or "sha512:" and its hexadecimal digits, or the URL of a file of
 * checksums (image/checksum.h) that has one for the last part of @url's path; it is verified as the
 * bytes arrive. A file appears when it is whole. What fails for a passing reason is tried
 * again, and what was interrupted is gone on with by the next call (image/download.h). @cancel_fd
 * (-1 for none), when readable, ends it at once with -ECANCELED and VT_CAUSE_NONE; @progress may be
 * NULL. Other errors: VT_CAUSE_USAGE for a checksum or URL that is none, VT_CAUSE_FETCH,
 * VT_CAUSE_BAD_IMAGE for what cannot be unpacked, VT_CAUSE_DATA_FULL, VT_CAUSE_DATA_DIR.
 */
int vt_image_fetch(const char *url, const char *destination, const char *checksum, int cancel_fd,
                   const struct vt_progress *progress, struct vt_error *err) VT_MUST_CHECK;

/* The same for all that can be wished for of a download (image/expect.h), such as a signature of
 * the file of checksums. */
int vt_image_fetch_as(const struct vt_wish *wish, const char *destination,
                      struct vt_error *err) VT_MUST_CHECK;
