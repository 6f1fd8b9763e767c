/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/guest.h"
#include "host/files.h"
#include "vm/screenshot.h"

#define FALLBACK_NAME "screenshot.png"
/* Larger than a screen of 8192 by 8192 points could be. */
#define MAX_PICTURE (256U << 20)

static int put(const struct vt_buf *picture, const char *path, struct vt_error *err)
{
    int r;

    if (vt_streq(path, "-")) {
        if (fwrite(picture->data, 1, picture->len, stdout) != picture->len || fflush(stdout) != 0)
            return vt_error_errno(err, VT_CAUSE_INTERNAL, errno, "cannot write the picture");
        return 0;
    }
    r = vt_file_write(path, picture->data, picture->len, 0644, NULL);
    if (r < 0)
        return vt_error_errno(err, VT_CAUSE_INTERNAL, -r, "cannot write %s", path);
    return 0;
}

static int run(const struct vt_call *call, struct vt_error *err)
{
    const char *path = call->argc > 0 ? call->argv[0] : FALLBACK_NAME;
    VT_AUTO_BUF struct vt_buf picture = VT_BUF_INIT(MAX_PICTURE);
    VT_AUTO_GUEST struct vt_guest guest = {0};
    int r;

    if (vt_streq(path, "-") && isatty(STDOUT_FILENO))
        return vt_error_set(err, VT_CAUSE_USAGE, -EINVAL,
                            "a picture is nothing for a terminal: use docker exec without -t");
    r = vt_guest_open(&guest, err);
    if (r == 0)
        r = vt_screenshot(&guest.session, &picture, err);
    return r < 0 ? r : put(&picture, path, err);
}

const struct vt_command vt_cmd_screenshot = {
    .name = "screenshot",
    .summary = "a picture of the guest's screen",
    .arguments = "[FILE|-]",
    .max_args = 1,
    .details = "Write a picture of the guest's screen, as PNG, to FILE in the container\n"
               "(" FALLBACK_NAME "), or to standard output:\n\n"
               "    docker exec NAME virtainer screenshot - >screen.png\n\n"
               "The guest needs a video card for that: VIDEO=vga.",
    .run = run,
};
