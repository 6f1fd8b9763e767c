# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries of others, all from Debian's packages; each is linked by the one room that wraps it.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBVIRT REQUIRED IMPORTED_TARGET libvirt>=9.0)
pkg_check_modules(LIBVIRT_QEMU REQUIRED IMPORTED_TARGET libvirt-qemu>=9.0)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(LIBISOFS REQUIRED IMPORTED_TARGET libisofs-1>=1.5)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2)
pkg_check_modules(LIBNFTABLES REQUIRED IMPORTED_TARGET libnftables>=1.0)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c>=0.16)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls>=3.7)
# The first with a decoder of several threads.
pkg_check_modules(LIBLZMA REQUIRED IMPORTED_TARGET liblzma>=5.4)
pkg_check_modules(LIBARCHIVE REQUIRED IMPORTED_TARGET libarchive>=3.6)
# Only while building: src/osinfo_table.c.
pkg_check_modules(LIBOSINFO REQUIRED IMPORTED_TARGET libosinfo-1.0>=1.10)
pkg_check_modules(LIBMICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(LIBMNL REQUIRED IMPORTED_TARGET libmnl>=1.0)
