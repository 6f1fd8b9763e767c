# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(host caps)
vt_unit(host files)
vt_unit(host greeting)
vt_unit(host interrupt)
vt_unit(host libvirt_error LIBRARIES PkgConfig::LIBVIRT)
vt_unit(host loop)
vt_unit(host spawn)
vt_unit(host worker)
