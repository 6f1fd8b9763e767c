/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to know of images, one function for each first argument. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/disk.h"
#include "cmd/guest.h"
#include "cmd/image_fetch.h"
#include "config/config.h"
#include "host/interrupt.h"
#include "image/catalogue.h"
#include "image/flatten.h"
#include "image/info.h"
#include "launcher/progress_log.h"

enum { JSON, UNSAFE };
static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "info, list: as JSON (docs/images.md, docs/catalogue.md)", NULL, 0,
              0},
    [UNSAFE] = {"--unsafe", NULL, "rebase: yes, the same disk is in both images", NULL, 0, 0},
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

/* ---- rebase ---- */

static int rebase(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_DISK struct vt_disk disk = VT_DISK_INIT;
    int r;

    if (!call->flags[UNSAFE])
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "image rebase cannot see whether the same disk is in both images, and "
                            "if not, the guest's files are garbage: make a copy of the data "
                            "directory, and give --unsafe");
    r = vt_cmd_take_disk(true, &disk, err);
    if (r < 0)
        return vt_interrupt_status(r);
    if (!disk.base.path)
        vt_info("the overlay %s needs no base image: it was flattened", disk.overlay.path);
    else if (disk.overlay.rebased)
        vt_info("the overlay %s is on the base image %s from now on", disk.overlay.path,
                disk.base.path);
    else
        vt_info("the overlay %s was on the base image %s before", disk.overlay.path,
                disk.base.path);
    return 0;
}

/* ---- flatten ---- */

static int flatten(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_DISK struct vt_disk disk = VT_DISK_INIT;
    struct vt_progress_log log;
    struct vt_progress progress;
    int r = vt_cmd_take_disk(false, &disk, err);

    (void)call;
    if (r == 0 && !disk.base.path) {
        vt_info("the overlay %s was flattened before", disk.overlay.path);
        return 0;
    }
    progress = vt_progress_log_begin(&log, "the whole disk");
    if (r == 0)
        r = vt_overlay_flatten(disk.data.path, vt_interrupt_fd(), &progress, err);
    if (r < 0)
        return vt_interrupt_status(r);
    vt_info("the overlay %s needs no base image any more", disk.overlay.path);
    return 0;
}

/* ---- the command ---- */

static const char *const verbs[] = {"info", "list", "rebase", "flatten", "fetch", NULL};
static const struct {
    int (*work)(const struct vt_call *call, struct vt_error *err);
    int flag;          /* the one that it knows, or -1 */
    int argc;          /* how many arguments, itself included */
    const char *takes; /* these, for the person */
} works[] = {
    {info, JSON, 1, "no argument"},
    {list, JSON, 1, "no argument"},
    {rebase, UNSAFE, 1, "no argument"},
    {flatten, -1, 1, "no argument"},
    {vt_image_fetch_run, -1, 3, "a name or an address, and a file"},
};

static int check_flags(const struct vt_call *call, int known, struct vt_error *err)
{
    for (int i = 0; flags[i].name; i++) {
        if (call->flags[i] && i != known)
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "image %s does not know %s: see virtainer image --help",
                                call->argv[0], flags[i].name);
    }
    return 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    for (size_t i = 0; verbs[i]; i++) {
        if (!vt_streq(verbs[i], call->argv[0]))
            continue;
        int r = check_flags(call, works[i].flag, err);

        if (r < 0)
            return r;
        if (call->argc != works[i].argc)
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "image %s takes %s: see virtainer image --help", verbs[i],
                                works[i].takes);
        return works[i].work(call, err);
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "image does not know '%s'", call->argv[0]);
}

const struct vt_command vt_cmd_image = {
    .name = "image",
    .summary =
        "base images: info of the guest's, list of those that IMAGE can name, rebase, flatten, "
        "fetch",
    .arguments = "info|list|rebase|flatten|fetch [NAME|URL FILE]",
    .min_args = 1,
    .max_args = 3,
    .choices = verbs,
    .flags = flags,
    .details = "info tells what the guest's disk is made of: the overlay and what it takes, the\n"
               "base image and whether that is still what the overlay was made on, and where\n"
               "that came from. In a container that runs no guest, it is the disk in the data\n"
               "directory.\n\n"
               "list tells what the catalogue has: what to give as IMAGE, whom the image lets in\n"
               "by SSH, and until when it gets security updates. A name without a release, as in\n"
               "IMAGE=fedora, is the newest that still gets them.\n\n"
               "rebase --unsafe takes the base image that is there now, found as a start finds\n"
               "it, for the one that the overlay is on, though it differs from what is recorded.\n"
               "That is right where the same disk was only packed or written anew, and destroys\n"
               "the guest's files else. Its data directory must be in use by nobody:\n\n"
               "    docker run --rm -v /srv/vm:/mounted -v /new.qcow2:/image:ro\n"
               "      virtainers/generic image rebase --unsafe\n\n"
               "flatten copies into the overlay what it has from its base, so that the guest\n"
               "needs no base image from then on. It needs room for the whole disk's data beside\n"
               "the overlay, and is used in the same way.\n\n"
               "fetch downloads what IMAGE can name, or what is at an address, with the checksum\n"
               "of the catalogue or IMAGE_CHECKSUM, unpacks it, and puts it in FILE, which must\n"
               "not be there. It is for who bakes an image into a container image (dockerfiles/).",
    .run = run,
};
