/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests. */
#pragma once

/*
 * Why no signature is accepted that gpgv tells of in @status, the lines of its --status-fd (GnuPG's
 * doc/DETAILS); NULL if one is. Of several one by a key of ours is enough, as distributions sign
 * with old and new keys; gpgv's exit status is then another than 0. A wrong one refuses all.
 */
const char *vt_signature_fault(const char *status);
