# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(host BELOW base SOURCES boot.c caps.c child.c files.c greeting.c interrupt.c libvirt_error.c loop.c sandbox.c spawn.c worker.c writeback.c LIBRARIES PkgConfig::LIBVIRT)
