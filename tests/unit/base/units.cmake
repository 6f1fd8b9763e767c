# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(base base64)
vt_unit(base cause)
vt_unit(base error)
vt_unit(base json)
vt_unit(base log)
vt_unit(base str)
vt_unit(base text)
vt_unit(base xml)
