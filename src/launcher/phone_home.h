/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's end of cloud-init's phone_home: a small HTTP server on the gateway's address of
 * the network between container and guest, which nobody but the guest can reach. It runs in the
 * loop, has no thread, and no timer while nobody is connected.
 */
#pragma once

#include "launcher/data_dir.h"
#include "launcher/phone_form.h"
#include "net/plan.h"

struct vt_phone_home;

/* A guest has posted a good form; called in the loop. */
typedef void (*vt_phone_home_callback)(const struct vt_phone_call *call, void *data);

/*
 * Listen, at a path that is kept in @dir: cloud-init remembers the address of an instance's first
 * boot. Lives as long as the process. Returns 0, or a negative errno.
 */
int vt_phone_home_listen(struct vt_phone_home **ret, const struct vt_net_plan *plan,
                         const struct vt_data_dir *dir, struct vt_error *err) VT_MUST_CHECK;

/* Where the guest is to post to; owned by @phone. */
const char *vt_phone_home_url(const struct vt_phone_home *phone);

void vt_phone_home_on_call(struct vt_phone_home *phone, vt_phone_home_callback callback,
                           void *data);
