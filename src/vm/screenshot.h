/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's screen shows. */
#pragma once

#include "base/str.h"
#include "vm/session.h"

/*
 * Take a picture of the guest's first screen: *@ret_png gets a PNG file. Returns 0, -ENODEV when
 * the guest has no video card (VT_CAUSE_USAGE), or another negative errno.
 */
int vt_screenshot(struct vt_session *session, struct vt_buf *ret_png,
                  struct vt_error *err) VT_MUST_CHECK;

/* Whether @xml, the domain XML of a running guest, has a video card. */
bool vt_screenshot_is_possible(const char *xml);
