/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the unit test: the server on a socket of the test's. */
#pragma once

#include "launcher/phone_home.h"

/* Serve @path at the listening socket @fd, which is taken over. Who sends nothing for @seconds is
 * dropped. */
int vt_phone_home_serve(struct vt_phone_home **ret, int fd, const char *path, unsigned seconds,
                        struct vt_error *err) VT_MUST_CHECK;
