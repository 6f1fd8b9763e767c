# SPDX-License-Identifier: GPL-2.0-or-later
vt_unit(seed documents)
vt_unit(seed iso LIBRARIES PkgConfig::LIBARCHIVE)
vt_unit(seed keys)
vt_unit(seed password)
vt_unit(seed seed)
