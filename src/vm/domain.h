/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest through libvirt: connection, life cycle, events. The calls that talk to libvirtd block
 * until it answers and are meant for the worker thread; events are reported in the loop.
 *
 * QEMU gets its disks as open descriptors (virDomainFDAssociate), so its unprivileged user needs no
 * permission on the person's files and directories, and nothing there changes owner.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "vm/domain_xml.h"

enum vt_domain_event {
    VT_DOMAIN_RUNNING, /* started, or goes on after a pause */
    VT_DOMAIN_PAUSED,
    VT_DOMAIN_PAUSED_BY_ERROR, /* its disk could not be written: most often the host's is full */
    VT_DOMAIN_SHUTDOWN,        /* the guest has powered itself off; QEMU ends soon */
    VT_DOMAIN_REBOOT,
    VT_DOMAIN_CRASHED,   /* the guest's kernel panicked */
    VT_DOMAIN_SAVED,     /* QEMU is gone, and the guest's memory is in a file */
    VT_DOMAIN_DESTROYED, /* somebody has ended QEMU through libvirt (virsh destroy) */
    VT_DOMAIN_STOPPED,   /* QEMU is gone */
    VT_DOMAIN_AGENT,     /* the guest agent is there now */
};

typedef void (*vt_domain_callback)(enum vt_domain_event event, void *data);
typedef void (*vt_domain_lost)(void *data);

struct vt_vm;

/* An object without a connection. @on_event and @on_lost (libvirtd has gone away) are called in the
 * loop. */
struct vt_vm *vt_vm_new(const char *name, vt_domain_callback on_event, vt_domain_lost on_lost,
                        void *data);

/* Connect to libvirtd, also again after it was lost, and watch its events. */
int vt_vm_connect(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;

/* Whether libvirtd is there and answers. */
bool vt_vm_is_connected(struct vt_vm *vm);

/* The connection, for the network, or NULL when there is none; the caller closes it. */
virConnectPtr vt_vm_connection(struct vt_vm *vm);

/* Define the domain and start it. Its files are opened here, as the process's own user. */
int vt_vm_start(struct vt_vm *vm, const struct vt_domain_spec *spec,
                struct vt_error *err) VT_MUST_CHECK;

/*
 * Read the guest back from @path, which vt_vm_save() wrote: with the devices of @spec, standing
 * still until vt_vm_continue(). Returns -ESTALE (VT_CAUSE_STATE) when libvirt says that the file
 * does not fit @spec, else another negative errno.
 */
int vt_vm_restore(struct vt_vm *vm, const struct vt_domain_spec *spec, const char *path,
                  struct vt_error *err) VT_MUST_CHECK;

/* Let a guest run that stands still. */
int vt_vm_continue(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;

/*
 * Write the guest's memory to @path, and end QEMU. The guest stands still meanwhile; when it fails,
 * the guest runs on and @path is gone.
 */
int vt_vm_save(struct vt_vm *vm, const char *path, struct vt_error *err) VT_MUST_CHECK;

/* Break off a save that another thread waits for. */
int vt_vm_cancel_save(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;

/* Whether somebody has paused the guest. */
bool vt_vm_is_paused(struct vt_vm *vm);

/* QEMU's version as libvirt counts it (10.0.2 is 10000002), or 0. */
uint64_t vt_vm_qemu_version(struct vt_vm *vm);

/* Whether the guest agent is there, as far as the events said: it may not answer all the same. */
bool vt_vm_has_agent(const struct vt_vm *vm);

/* Through the guest agent, which is waited for some seconds at most. */
int vt_vm_shut_down_by_agent(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;
int vt_vm_set_clock_by_agent(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;

/* QEMU's process id as libvirt wrote it down, or a negative errno. */
pid_t vt_vm_qemu_pid(const char *name);

/* Press the ACPI power button. Never the guest agent: libvirt may wait a minute for one that is not
 * there. */
int vt_vm_press_power_button(struct vt_vm *vm, struct vt_error *err) VT_MUST_CHECK;

/*
 * Take the guest's serial console; -EBUSY when somebody else holds it. It is held by the new stream
 * *@ret, which also brings what the guest says, and typed on through the new descriptor *@ret_tty,
 * which does not block. The caller aborts and frees the one, and closes the other.
 */
int vt_vm_open_console(struct vt_vm *vm, virStreamPtr *ret, int *ret_tty,
                       struct vt_error *err) VT_MUST_CHECK;
