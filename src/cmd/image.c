/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to know of images, one function for each first argument. */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"
#include "config/config.h"
#include "image/catalogue.h"
#include "image/info.h"

enum { JSON };
static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "as JSON (docs/images.md, docs/catalogue.md)", NULL, 0, 0},
    {0},
};

/* ---- info ---- */

static int info(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_IMAGE_INFO struct vt_image_info info = {0};
    VT_AUTO_STATUS struct vt_status status = {0};
    VT_AUTO_FREE char *text = NULL;
    int r = vt_guest_status(&status, err);

    if (r == 0 && !status.overlay)
        r = vt_error_set(err, VT_CAUSE_USAGE, -ENOENT, "the guest is %s and has no disk yet",
                         vt_phase_name(status.phase));
    if (r == 0)
        r = vt_image_info_read(status.overlay, &info, err);
    if (r < 0)
        return r;
    text = call->flags[JSON] ? vt_image_info_json(&info) : vt_image_info_text(&info);
    printf("%s%s", text, call->flags[JSON] ? "\n" : "");
    return 0;
}

/* ---- list ---- */

static int list(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_CATALOGUE struct vt_catalogue catalogue = {0};
    VT_AUTO_FREE char *text = NULL;
    VT_AUTO_CONFIG struct vt_config config;
    char today[VT_DAY_TEXT];
    int r;

    vt_today(today);
    vt_config_init(&config);
    r = vt_config_read_env(&config, err);
    if (r == 0)
        r = vt_catalogue_read(config.catalogue_dir, VT_CATALOGUE_DIR, &catalogue, err);
    if (r < 0)
        return r;
    text = call->flags[JSON] ? vt_catalogue_json(&catalogue, today)
                             : vt_catalogue_text(&catalogue, today);
    printf("%s%s", text, call->flags[JSON] ? "\n" : "");
    return 0;
}

/* ---- the command ---- */

static const char *const verbs[] = {"info", "list", NULL};
static int (*const works[])(const struct vt_call *call, struct vt_error *err) = {info, list};

static int run(const struct vt_call *call, struct vt_error *err)
{
    for (size_t i = 0; verbs[i]; i++) {
        if (vt_streq(verbs[i], call->argv[0]))
            return works[i](call, err);
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "image does not know '%s'", call->argv[0]);
}

const struct vt_command vt_cmd_image = {
    .name = "image",
    .summary = "base images: info of the guest's, list of those that IMAGE can name",
    .arguments = "info|list",
    .min_args = 1,
    .max_args = 1,
    .choices = verbs,
    .flags = flags,
    .details = "info tells what the guest's disk is made of: the overlay and what it takes, the\n"
               "base image and whether that is still what the overlay was made on, and where\n"
               "that came from. In a container that runs no guest, it is the disk in the data\n"
               "directory.\n\n"
               "list tells what the catalogue has: what to give as IMAGE, whom the image lets in\n"
               "by SSH, and until when it gets security updates. A name without a release, as in\n"
               "IMAGE=fedora, is the newest that still gets them.",
    .run = run,
};
