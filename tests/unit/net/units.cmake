# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(net addr)
vt_unit(net check)
vt_unit(net dhcp)
vt_unit(net mac)
vt_unit(net nat LIBRARIES PkgConfig::LIBNFTABLES)
vt_unit(net network LIBRARIES PkgConfig::LIBVIRT)
vt_unit(net network_xml)
vt_unit(net plan)
