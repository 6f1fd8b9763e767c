# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(seed BELOW base host config SOURCES documents.c iso.c keys.c password.c seed.c
        LIBRARIES PkgConfig::LIBISOFS PkgConfig::GNUTLS)
