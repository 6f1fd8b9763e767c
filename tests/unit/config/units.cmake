# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(config config)
vt_unit(config help)
vt_unit(config options)
vt_unit(config ports)
vt_unit(config rate)
vt_unit(config sources)
vt_unit(config yaml)
vt_unit(config yaml_tree)
