/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtainer image fetch: an image of the catalogue, or of an address, as a file. */
#include "cmd/image_fetch.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/progress.h"
#include "config/config.h"
#include "host/interrupt.h"
#include "image/catalogue.h"
#include "image/deliver.h"
#include "image/resolve.h"

static int choose(const char *wanted, struct vt_config *config, struct vt_error *err)
{
    VT_AUTO_FREE char *warning = NULL;
    char today[VT_DAY_TEXT];
    int r;

    vt_today(today);
    vt_config_init(config);
    r = vt_config_read_env(config, err);
    if (r < 0)
        return r;
    r = vt_image_resolve_new(config, wanted, VT_CATALOGUE_DIR, today, &warning, err);
    if (warning)
        vt_warning("%s", warning);
    return r;
}

int vt_image_fetch_run(const struct vt_call *call, struct vt_error *err)
{
    VT_AUTO_CONFIG struct vt_config config;
    VT_AUTO_BASE struct vt_base base = {0};
    VT_AUTO_FREE char *size = NULL;
    struct vt_cmd_progress shown;
    struct vt_progress progress = vt_cmd_progress_begin(&shown, "the base image");
    int r = choose(call->argv[1], &config, err);

    if (r < 0)
        return r;
    vt_interrupt_watch();
    r = vt_image_deliver(&config, call->argv[2], vt_interrupt_fd(), &progress, &base, err);
    vt_cmd_progress_end(&shown);
    if (r < 0)
        return vt_interrupt_status(r);
    size = vt_size_text(base.file_size);
    printf("%s: %s, %s, from %s\n", base.path, base.format, size, base.source);
    return 0;
}
