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
