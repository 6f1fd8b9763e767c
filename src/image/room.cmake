# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(image BELOW base host config
  SOURCES armor.c cache.c cache_care.c cache_entry.c cache_get.c catalogue.c catalogue_find.c catalogue_list.c checksum.c commit.c crc32.c deliver.c
          download.c expect.c fetch.c find.c fingerprint.c flatten.c hash.c
          info.c input.c kind.c obtain.c oci_write.c open.c overlay.c part.c partial.c probe.c qcow2.c qemu_img.c record.c resolve.c retry.c
          signature.c stream.c tar.c transfer.c unpack.c unpacker.c xz.c
  LIBRARIES PkgConfig::LIBCURL PkgConfig::GNUTLS PkgConfig::JSONC PkgConfig::LIBARCHIVE PkgConfig::LIBLZMA)
include(GNUInstallDirs)
target_compile_definitions(vt_image PUBLIC VT_DATA_ROOT="${CMAKE_INSTALL_FULL_DATADIR}")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/images/catalogue DESTINATION ${CMAKE_INSTALL_DATADIR}/virtainer
        FILES_MATCHING PATTERN "*.yaml")
