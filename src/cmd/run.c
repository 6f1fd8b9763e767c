/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "config/config.h"
#include "host/loop.h"
#include "launcher/launcher.h"

static void print_help(void)
{
    VT_AUTO_FREE char *options = vt_config_help();
    VT_AUTO_FREE char *statuses = vt_exit_status_help();

    printf(
        "usage: virtainer run [FLAG…]\n\n"
        "Run a virtual machine from a cloud image until it is off. Each flag is also a variable:\n"
        "--disk-size 20G is DISK_SIZE=20G; the flag wins. Defaults are in brackets.\n\n%s\n"
        "Mounts: /image (or /image.xz, .gz, .zst, .bz2, or one file in /disk) is the base image,\n"
        "/mounted the data directory, /cache downloaded images for all virtainers,\n"
        "/tmp/id_rsa.pub SSH public keys, /tmp/user-data, /tmp/meta-data, /tmp/vendor-data and\n"
        "/tmp/network-config documents for cloud-init, /tmp/cloud_init.iso a ready seed.\n\n"
        "Signals: TERM, INT and QUIT do what STOP_ON_TERM, STOP_ON_INT and STOP_ON_QUIT say, else\n"
        "STOP_ACTION: unless told otherwise they press the guest's power button. A second one\n"
        "ends the grace period and does what GRACE_ACTION says: it forces the guest off, or\n"
        "saves it.\n\n"
        "Exit status:\n%s",
        options, statuses);
}

static int run(int argc, char *argv[], struct vt_error *err)
{
    /* For the process's life: a worker that an early end leaves behind may still read it. */
    static struct vt_config config;
    int r;

    (void)vt_loop_hold_signals();
    vt_config_init(&config);
    r = vt_config_read_flags(&config, argc, argv, err);
    if (r > 0) {
        print_help();
        return 0;
    }
    if (r < 0)
        return r;
    /* Once more, over the environment: a flag wins, and a wrong flag is told before a wrong
     * variable. */
    r = vt_config_read_env(&config, err);
    if (r == 0)
        r = vt_config_read_flags(&config, argc, argv, err);
    if (r < 0)
        return r;
    vt_log_set_level(config.log_level);
    vt_log_set_format(config.log_format);
    r = vt_launcher_run(&config);
    /* Without taking the process apart, as a worker may still wait for libvirt. */
    (void)fflush(NULL);
    _exit(r);
}

const struct vt_command vt_cmd_run = {
    .name = "run",
    .summary = "run the guest until it is off (what the container does by default)",
    .run_raw = run,
};
