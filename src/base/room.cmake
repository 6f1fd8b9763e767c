# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(base SOURCES base64.c cause.c clock.c error.c json.c log.c object.c str.c text.c url.c xml.c LIBRARIES PkgConfig::JSONC)
