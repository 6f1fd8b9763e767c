/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to know of images, one function for each first argument. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/disk.h"
#include "cmd/guest.h"
#include "cmd/image_cache.h"
#include "cmd/image_fetch.h"
#include "cmd/progress.h"
#include "config/config.h"
#include "host/interrupt.h"
#include "image/catalogue.h"
#include "image/flatten.h"
#include "image/info.h"

enum { JSON, UNSAFE, CACHED, CHECKSUM, OLDER_THAN, ALL };
enum { MAX_DAYS = 36500 };

static const struct vt_flag flags[] = {
    [JSON] = {"--json", NULL, "info, list: as JSON (docs/images.md, docs/catalogue.md)", NULL, 0,
              0},
    [UNSAFE] = {"--unsafe", NULL, "rebase: yes, the same disk is in both images", NULL, 0, 0},
    [CACHED] = {"--cached", NULL, "list: what the cache has", NULL, 0, 0},
    [CHECKSUM] = {"--checksum", "SUM", "pull: what the download must be, as IMAGE_CHECKSUM", NULL,
                  0, 0},
    [OLDER_THAN] = {"--older-than", "DAYS", "prune: images that nobody started with for so long",
                    NULL, 0, MAX_DAYS},
    [ALL] = {"--all", NULL, "prune: all images that nobody uses now", NULL, 0, 0},
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

static int list_catalogue(const struct vt_call *call, struct vt_error *err)
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

static int list(const struct vt_call *call, struct vt_error *err)
{
    return call->flags[CACHED] ? vt_image_list_cached(call->flags[JSON], err)
                               : list_catalogue(call, err);
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
    struct vt_cmd_progress shown;
    struct vt_progress progress;
    int r = vt_cmd_take_disk(false, &disk, err);

    (void)call;
    if (r == 0 && !disk.base.path) {
        vt_info("the overlay %s was flattened before", disk.overlay.path);
        return 0;
    }
    progress = vt_cmd_progress_begin(&shown, "the whole disk");
    if (r == 0)
        r = vt_overlay_flatten(disk.data.path, vt_interrupt_fd(), &progress, err);
    vt_cmd_progress_end(&shown);
    if (r < 0)
        return vt_interrupt_status(r);
    vt_info("the overlay %s needs no base image any more", disk.overlay.path);
    return 0;
}

/* ---- the cache ---- */

static int pull(const struct vt_call *call, struct vt_error *err)
{
    return vt_image_pull(call->argv[1], call->flags[CHECKSUM], err);
}

static int verify(const struct vt_call *call, struct vt_error *err)
{
    return vt_image_verify(call->argv[1], err);
}

static int prune(const struct vt_call *call, struct vt_error *err)
{
    return vt_image_prune(call->flags[OLDER_THAN], call->flags[ALL], err);
}

/* ---- the command ---- */

#define BIT(flag) (1U << (flag))

static const char *const verbs[] = {"info", "list",   "rebase", "flatten", "fetch",
                                    "pull", "verify", "prune",  NULL};
/* In their order. */
static const struct {
    int (*work)(const struct vt_call *call, struct vt_error *err);
    unsigned flags;         /* that it knows */
    int min_argc, max_argc; /* how many arguments, itself included */
    const char *takes;      /* these, for the person */
} works[] = {
    {info, BIT(JSON), 1, 1, "no argument"},
    {list, BIT(JSON) | BIT(CACHED), 1, 1, "no argument"},
    {rebase, BIT(UNSAFE), 1, 1, "no argument"},
    {flatten, 0, 1, 1, "no argument"},
    {vt_image_fetch_run, 0, 3, 3, "a name or an address, and a file"},
    {pull, BIT(CHECKSUM), 2, 2, "a name or an address"},
    {verify, 0, 1, 2, "a name, an address or a digest, or nothing"},
    {prune, BIT(OLDER_THAN) | BIT(ALL), 1, 1, "no argument"},
};

static int check_call(const struct vt_call *call, size_t verb, struct vt_error *err)
{
    for (unsigned i = 0; flags[i].name; i++) {
        if (call->flags[i] && !(works[verb].flags & BIT(i)))
            return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                                "image %s does not know %s: see virtainer image --help",
                                call->argv[0], flags[i].name);
    }
    if (call->argc < works[verb].min_argc || call->argc > works[verb].max_argc)
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "image %s takes %s: see virtainer image --help", verbs[verb],
                            works[verb].takes);
    return 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    for (size_t i = 0; verbs[i]; i++) {
        if (!vt_streq(verbs[i], call->argv[0]))
            continue;
        int r = check_call(call, i, err);

        return r < 0 ? r : works[i].work(call, err);
    }
    return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL, "image does not know '%s'", call->argv[0]);
}

const struct vt_command vt_cmd_image = {
    .name = "image",
    .summary =
        "base images: info of the guest's, list of those that IMAGE can name, rebase, flatten, "
        "fetch; the cache's: pull, verify, prune",
    .arguments = "info|list|rebase|flatten|fetch|pull|verify|prune [NAME|URL] [FILE]",
    .min_args = 1,
    .max_args = 3,
    .choices = verbs,
    .flags = flags,
    .details =
        "info tells what the guest's disk is made of: the overlay and what it takes, the\n"
        "base image and whether that is still what the overlay was made on, and where\n"
        "that came from. In a container that runs no guest, it is the disk in the data\n"
        "directory.\n\n"
        "list tells what the catalogue has: what to give as IMAGE, whom the image lets in\n"
        "by SSH, and until when it gets security updates. A name without a release, as in\n"
        "IMAGE=fedora, is the newest that still gets them. With --cached it tells what the\n"
        "cache has (IMAGE_CACHE): digest, size, when a virtainer last started with it.\n\n"
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
        "not be there. It is for who bakes an image into a container image (dockerfiles/).\n\n"
        "pull downloads an image to the cache, by its name in the catalogue or its\n"
        "address, and prints where it is there; what the cache has and is still right is\n"
        "not downloaded. verify reads the images in the cache, or those of one name,\n"
        "address or digest, and compares each with its digest: status 11 if one differs.\n\n"
        "prune removes downloads that were cut off, and images that no address stands for\n"
        "any more and nobody started with for 30 days; never what a running virtainer\n"
        "uses. It cannot know of stopped ones, nor when one was started that has the cache\n"
        "read-only. Their images are then downloaded again: if their addresses have other\n"
        "ones by now, those guests are lost.",
    .run = run,
};
