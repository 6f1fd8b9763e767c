/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a name in the catalogue to all that it stands for. */
#pragma once

#include "base/error.h"
#include "config/config.h"

/* Whether IMAGE is a name in the catalogue, and no path. */
bool vt_image_is_name(const struct vt_config *config);

/*
 * If IMAGE is a name, look it up in CATALOGUE_DIR and @shipped, and put what it stands for into
 * @config: image_name ("fedora:43") and image_url instead of image, and image_checksum, ssh_user
 * and os_variant unless the person gave them. A name without a release means, to a guest that is in
 * the data directory already, the release that it was made from. If that has another address or
 * checksum by now, image becomes the path of the image that the guest was made on, as long as that
 * is there, and image_url stays NULL. *@ret_warning is a sentence for
 * the person, owned by the caller, or NULL. Errors: as vt_catalogue_read() and vt_catalogue_find().
 */
int vt_image_resolve(struct vt_config *config, const char *shipped, const char *today,
                     char **ret_warning, struct vt_error *err) VT_MUST_CHECK;

/*
 * What @wanted, a name in the catalogue or an address, is for a new guest, in @config: as
 * vt_image_resolve() with it as IMAGE or IMAGE_URL, and checked (vt_config_check()). Whatever guest
 * is in the data directory does not count, image_dir becomes NULL; so image_url is set on success,
 * and image is not. Errors also: VT_CAUSE_USAGE.
 */
int vt_image_resolve_new(struct vt_config *config, const char *wanted, const char *shipped,
                         const char *today, char **ret_warning, struct vt_error *err) VT_MUST_CHECK;
