/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Where passt waits for QEMU. */
#define VT_USER_SOCKET "/run/virtainer-passt.socket"
