# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(vm BELOW base host config SOURCES accel.c agent.c agent_run.c agent_wire.c connect.c console.c domain.c domain_xml.c guest_clean.c migration.c screenshot.c session.c ssh.c ssh_text.c typing.c way.c
        LIBRARIES PkgConfig::LIBVIRT PkgConfig::LIBVIRT_QEMU PkgConfig::JSONC)
