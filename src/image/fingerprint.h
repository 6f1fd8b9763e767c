/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fingerprint tells base images apart without reading them whole: SHA-256 over the size, the
 * first and the last MiB, and 256 blocks of 4 KiB spread evenly between; files up to 3 MiB are
 * hashed whole. It does not depend on name, owner or times.
 *
 * What it sees: another image, another build or size of the same one, a file cut short or grown,
 * and a changed partition table, boot loader, or qcow2 header. What it may miss: a change in place
 * somewhere in the middle, as when somebody starts a virtual machine directly on the base; of a 1
 * GiB file it reads 3 MiB. So it protects against mistakes, not against forgery, and is no
 * checksum.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

/*
 * The fingerprint of the @size bytes of @fd, "sampled-sha256:" and 64 hexadecimal digits; the
 * caller frees it. Returns 0 or a negative errno (-EIO also if the file is shorter than @size).
 */
int vt_fingerprint(int fd, uint64_t size, char **ret) VT_MUST_CHECK;
