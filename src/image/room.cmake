# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(image BELOW base host config
  SOURCES checksum.c crc32.c download.c fetch.c find.c fingerprint.c hash.c info.c kind.c obtain.c open.c overlay.c part.c
          partial.c probe.c qcow2.c qemu_img.c record.c retry.c stream.c tar.c transfer.c unpack.c
  LIBRARIES PkgConfig::LIBCURL PkgConfig::GNUTLS PkgConfig::JSONC PkgConfig::LIBARCHIVE)
