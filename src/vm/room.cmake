# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(vm BELOW base host config SOURCES accel.c console.c domain.c domain_xml.c
        LIBRARIES PkgConfig::LIBVIRT)
