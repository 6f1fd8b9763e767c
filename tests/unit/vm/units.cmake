# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(vm accel)
vt_unit(vm agent_wire)
vt_unit(vm domain_xml)
vt_unit(vm guest_clean)
vt_unit(vm migration)
vt_unit(vm ssh_text)
vt_unit(vm typing)
