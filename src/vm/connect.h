/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libvirt/libvirt.h>

/*
 * Connect to libvirtd: the connection is the caller's; NULL, and libvirt's last error, when that
 * fails. From the first call on libvirt prints no errors: it would do so on standard error, which
 * is the person's log, and ours says each once.
 */
virConnectPtr vt_libvirt_connect(void);
