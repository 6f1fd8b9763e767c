/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of the guest's disk, for others. */
#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/disk.h"
#include "cmd/progress.h"
#include "host/interrupt.h"
#include "image/commit.h"

enum { FORMAT, COMPRESS, CONTAINER_DISK };

static const struct vt_flag flags[] = {
    [FORMAT] = {"--format", "FORMAT", "of the disk: qcow2, which is the default, or raw",
                vt_commit_formats, 0, 0},
    [COMPRESS] = {"--compress", NULL, "a qcow2 with compressed clusters", NULL, 0, 0},
    [CONTAINER_DISK] = {"--containerdisk", NULL, "FILE is a container image with the disk in it",
                        NULL, 0, 0},
    {0},
};

/* What is written to no mounted directory is gone with the container, which is a pity after so
 * long. */
static void warn_of_loss(const char *file)
{
    VT_AUTO_FREE char *copy = vt_strdup(file);
    struct stat root, parent;

    if (stat("/", &root) == 0 && stat(dirname(copy), &parent) == 0 && root.st_dev == parent.st_dev)
        vt_warning("%s lies in the container's own file system, and goes when the container is "
                   "removed: a directory of the host can be mounted for it (-v "
                   "HOST_DIRECTORY:/out, and /out/… as FILE)",
                   file);
}

static int commit(const struct vt_commit *wish, struct vt_error *err)
{
    VT_AUTO_DISK struct vt_disk disk = VT_DISK_INIT;
    VT_AUTO_FREE char *size = NULL;
    struct vt_commit commit = *wish;
    struct vt_cmd_progress shown;
    struct vt_progress progress;
    struct stat st = {0};
    int r = vt_commit_check(wish, err);

    if (r == 0)
        r = vt_cmd_take_disk(false, &disk, err);
    if (r < 0)
        return r;
    warn_of_loss(wish->to);
    commit.overlay = disk.overlay.path;
    progress = vt_cmd_progress_begin(&shown, wish->to);
    r = vt_commit_make(&commit, vt_interrupt_fd(), &progress, err);
    vt_cmd_progress_end(&shown);
    if (r < 0)
        return r;
    (void)!stat(wish->to, &st);
    size = vt_size_text((uint64_t)st.st_blocks * 512);
    vt_info("the whole disk is in %s, which takes %s", wish->to, size);
    return 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    const struct vt_commit wish = {
        .to = call->argv[0],
        .format = call->flags[FORMAT] ? call->flags[FORMAT] : "qcow2",
        .compress = call->flags[COMPRESS] != NULL,
        .container_disk = call->flags[CONTAINER_DISK] != NULL,
    };

    return vt_interrupt_status(commit(&wish, err));
}

const struct vt_command vt_cmd_commit = {
    .name = "commit",
    .summary = "make one image of base and overlay, for others",
    .arguments = "FILE",
    .min_args = 1,
    .max_args = 1,
    .flags = flags,
    .details = "Write the guest's whole disk to FILE, an image that needs no other. The guest\n"
               "must be off, so this is said in a container of its own, with the base image as\n"
               "a start has it:\n\n"
               "    docker run --rm -v /srv/vm:/mounted -v /image.qcow2:/image:ro -v $PWD:/out\n"
               "      virtainers/generic commit /out/new.qcow2\n\n"
               "Base and overlay stay as they are. FILE appears when it is whole; interrupted,\n"
               "nothing is left of it.\n\n"
               "With --containerdisk FILE is an archive that podman load and docker load take\n"
               "(NAME.tar makes the image NAME:latest), with the disk in /disk, for KubeVirt or a\n"
               "virtainer. It needs room for the disk twice.\n\n"
               "virtainer clean, before, makes guests on such a disk differ from this one.",
    .run = run,
};
