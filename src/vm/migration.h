/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's migration to a file, which is what a save is made of, after a libvirtd died over one. Two
 * things of it are left in QEMU that the next libvirtd (11.3) does not see to:
 *
 * The migration itself. It is broken off, but that is not waited for (qemuProcessRecoverJob), and
 * QEMU refuses another as long as it lasts.
 *
 * The descriptor of the file, in a set whose number the next libvirtd hands out again if the one
 * before had not written it down. QEMU's refusal is not looked at (qemuMonitorMigrateToFdSet), so
 * that the next save goes to the file of the first, which is deleted, and is told to be well.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Whether @reply, QEMU's to query-migrate (MigrationInfo in QEMU's qapi/migration.json), says that
 * no migration is under way. What cannot be read says so too: there is nothing to wait for.
 */
bool vt_migration_is_over(const char *reply);

/*
 * The sets of descriptors that libvirt passed to QEMU for a migration to a file, from QEMU's @reply
 * to query-fdsets (FdsetInfo in QEMU's qapi/misc.json): *@ret, owned by the caller, are their
 * numbers. Returns how many.
 */
size_t vt_migration_file_sets(const char *reply, int64_t **ret);

/*
 * Wait until no migration of @domain's QEMU is under way, and have it close the files of earlier
 * ones. Not while libvirt saves. Returns 0, or a negative errno with VT_CAUSE_LIBVIRT.
 */
int vt_migration_clear(virDomainPtr domain, struct vt_error *err) VT_MUST_CHECK;
