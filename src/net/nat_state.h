/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our rules as the kernel has them: whether all are there, and its news of their being changed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Room for the name of a process, as the kernel keeps it. */
#define VT_NAT_WHO 16

/* How our rules are known again. Handles are given in order and never twice. */
struct vt_nat_mark {
    unsigned rules; /* how many there were when they were put in force… */
    uint64_t last;  /* …and the largest handle of them */
};

/* Count the rules of our table; none if it is not there. Returns 0 or a negative errno. */
int vt_nat_read(struct vt_nat_mark *ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether there are still as many rules as @mark says. What others have added to them does not
 * count: people do that to see where a packet goes. Also true when the kernel does not say.
 */
bool vt_nat_is_whole(const struct vt_nat_mark *mark);

/* A descriptor that is readable when rules were changed, owned by the caller; or a negative errno.
 * It needs NET_ADMIN. */
int vt_nat_watch(struct vt_error *err) VT_MUST_CHECK;

/*
 * Read all news on @fd. Returns whether something of our table may have been taken away: true also
 * when news was lost. @who is the name of the last process to do so, printable, "" if unknown.
 */
bool vt_nat_news(int fd, char who[VT_NAT_WHO]);
