/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accelerator runs the guest: the facts, and the decision made from them. */
#pragma once

#include <stdbool.h>

#include "config/config.h"

/* What the machine says about KVM. */
struct vt_kvm_facts {
    int open_errno;      /* of opening /dev/kvm for reading and writing; 0: it opened */
    int api_version;     /* KVM_GET_API_VERSION; 12 since Linux 2.6.22 */
    bool cpu_has_flag;   /* vmx or svm among the CPU's flags */
    bool cpu_needs_flag; /* on x86; elsewhere the device alone decides */
};

struct vt_accel_choice {
    bool kvm;
    bool emulated; /* KVM, but not the hardware's: some of the host CPU's registers are missing */
    char *reason;  /* why not KVM, and how to change it; NULL when nothing is to be said. Owned by
                      the holder */
};

/* Ask the machine. */
void vt_kvm_facts_read(struct vt_kvm_facts *ret);

/*
 * Decide. ACCEL=auto takes KVM only where it is the hardware's: a /dev/kvm that a hypervisor
 * emulates in software runs boot code and then dies on a stock kernel. ACCEL=kvm takes any that
 * works, or fails with VT_CAUSE_KVM.
 */
int vt_accel_choose(enum vt_accel wanted, const struct vt_kvm_facts *facts,
                    struct vt_accel_choice *ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Keep QEMU's user from /dev/kvm where the guest does without it and the node is the container's
 * own: libvirt would otherwise ask QEMU about KVM at every start, which takes it half a second.
 */
void vt_kvm_withhold(void);

/*
 * Let user @uid in group @gid open /dev/kvm, where the node is the container's own (made by the
 * engine on its private /dev) and so changing it changes nothing of the host. Returns 0, or -EACCES
 * with @err set.
 */
int vt_kvm_grant(unsigned uid, unsigned gid, struct vt_error *err) VT_MUST_CHECK;
