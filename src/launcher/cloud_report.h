/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cloud-init says of itself, read from the guest's console and from its status.json. Pure:
 * text goes in, a verdict comes out. The guest is not trusted: every part is bounded.
 *
 * On the console (cloud-init 22.4 to 25.1; systemd puts a time and "cloud-init[PID]: " before each
 * line):
 *
 *     Cloud-init v. VERSION running 'STAGE' at …          each stage, each boot
 *     Cloud-init v. VERSION finished at …                 its last module, final_message, each boot
 *     DATE TIME,MS - FILE.py[LEVEL]: WORDS                of level WARNING and above
 *     … util.py[WARNING]: Running module NAME (…) failed  a module that failed: an error
 *     -----BEGIN SSH HOST KEY KEYS-----                   and its END: public host keys between
 *
 * and of systemd "[FAILED] Failed to start cloud-….service" and "Reached target cloud-init.target",
 * for who has a final_message of their own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "launcher/host_keys.h"
#include "launcher/ready.h"

/* What is longer than this on the console is cut: an RSA key has 725 characters. */
#define VT_REPORT_LINE 1024

struct vt_cloud_report {
    bool phone_home; /* it is the launcher's, so its complaints are no fault of the person's seed */
    bool begun;
    bool ended;
    unsigned warning_count;
    unsigned error_count;
    struct vt_buf warnings; /* the first of each, with "; " between */
    struct vt_buf errors;
    char version[24];         /* "25.1.4"; "" while unknown */
    struct vt_host_keys keys; /* that the console showed */
    bool in_keys;
    char line[VT_REPORT_LINE]; /* the one that is not yet whole */
    size_t len;
};

#define VT_AUTO_CLOUD_REPORT VT_CLEANUP(vt_cloud_report_done)

/* An empty report, at the beginning of each boot. @phone_home: the seed has the launcher's. */
void vt_cloud_report_init(struct vt_cloud_report *report, bool phone_home);
void vt_cloud_report_done(struct vt_cloud_report *report);

/* Take @len bytes of the console, in pieces of any size. */
void vt_cloud_report_console(struct vt_cloud_report *report, const char *data, size_t len);

/*
 * Take the text of /run/cloud-init/status.json: what it says of errors, and of warnings where it
 * knows them (since 23.4), counts instead of the console's. Returns 0, or -EBADMSG, and @report is
 * then as it was.
 */
int vt_cloud_report_status(struct vt_cloud_report *report, const char *text) VT_MUST_CHECK;

/* What it comes to: unseen, pending, or how it ended. */
enum vt_cloud_init vt_cloud_report_state(const struct vt_cloud_report *report);

/* One line for a person: "cloud-init 25.1.4 finished without errors", "cloud-init 25.1.4 failed:
 * WORDS". The caller frees it. */
char *vt_cloud_report_text(const struct vt_cloud_report *report);
