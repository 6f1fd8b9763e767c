/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of exit statuses: the help text, the README and the tests are made from or checked
 * against it. */
#include "base/cause.h"

#include <assert.h>

#include "base/cleanup.h"

static const struct {
    int status;
    const char *meaning;
} causes[] = {
    [VT_CAUSE_NONE] = {0, "the guest powered itself off, or was stopped cleanly"},
    [VT_CAUSE_INTERNAL] = {1, "internal error, or the container's system failed us"},
    [VT_CAUSE_USAGE] = {2, "usage or configuration: a wrong variable or flag"},
    [VT_CAUSE_NO_IMAGE] = {10, "no base image found"},
    [VT_CAUSE_BAD_IMAGE] = {11, "the base image or the overlay is not a usable disk image"},
    [VT_CAUSE_IMAGE_UNREADABLE] = {12, "the base image cannot be read"},
    [VT_CAUSE_FETCH] = {13, "the base image could not be downloaded"},
    [VT_CAUSE_DATA_DIR] = {20, "the data directory cannot be used (read-only, not a directory)"},
    [VT_CAUSE_DATA_FULL] = {21, "the data directory's file system is full"},
    [VT_CAUSE_DATA_BUSY] = {22, "the data directory is held by another virtainer"},
    [VT_CAUSE_OTHER_BASE] = {23, "the overlay was made on another base image"},
    [VT_CAUSE_SEED] = {30, "a cloud-init document is wrong, or the seed could not be made"},
    [VT_CAUSE_KVM] = {40, "ACCEL=kvm, and KVM cannot be used"},
    [VT_CAUSE_MEMORY] = {41, "the machine has not enough memory"},
    [VT_CAUSE_NETWORK] = {50, "the guest's network could not be set up"},
    [VT_CAUSE_LIBVIRT] = {60, "libvirt failed"},
    [VT_CAUSE_CRASHED] = {70, "QEMU or the guest crashed"},
    [VT_CAUSE_FORCED] = {71, "the guest had to be forced off"},
    [VT_CAUSE_STATE] = {72, "the guest's saved state could not be resumed, and is kept"},
    [VT_CAUSE_TIMEOUT] = {80, "a command's time was over"},
    [VT_CAUSE_DEGRADED] = {81, "cloud-init finished with errors it could recover from (degraded)"},
    [VT_CAUSE_NOT_READY] = {82, "cloud-init failed"},
    [VT_CAUSE_ENDED] = {83, "the guest ended before what was waited for"},
    [VT_CAUSE_NO_WAY_IN] = {84, "the guest has neither an agent nor SSH that lets us in"},
};

static_assert(VT_ARRAY_SIZE(causes) == VT_CAUSE_MAX_, "every cause has a row");

int vt_cause_exit_status(enum vt_cause cause)
{
    return causes[cause].status;
}

const char *vt_cause_meaning(enum vt_cause cause)
{
    return causes[cause].meaning;
}
