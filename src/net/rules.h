/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our rules as the kernel has them: put in force, all or none; whether all are there; and its news
 * of their being changed. They are those of the tables VT_RULES_TABLE of any family.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define VT_RULES_TABLE "virtainer"

/* Room for the name of a process, as the kernel keeps it. */
#define VT_RULES_WHO 16

/* The families of our tables: inet, and that of bridges. */
enum { VT_RULES_INET, VT_RULES_BRIDGE, VT_RULES_FAMILIES };

/* How our rules are known again. A table gives its handles in order and never twice. */
struct vt_rules_mark {
    unsigned rules;                   /* how many there were when they were put in force… */
    uint64_t last[VT_RULES_FAMILIES]; /* …and the largest handle of each table */
};

/* How many rules the kernel has when @ruleset is in force: each is a line of its own. */
unsigned vt_rules_count(const char *ruleset);

/*
 * Put rules in force and read them back: @fresh fails where our tables are already, @replacing
 * takes their place, which costs the kernel some 10 ms more. Safe to do again. @what begins the
 * error, as in "cannot give …".
 */
int vt_rules_apply(const char *fresh, const char *replacing, const char *what,
                   struct vt_rules_mark *ret, struct vt_error *err) VT_MUST_CHECK;

/* Count the rules of our tables; none if they are not there. Returns 0 or a negative errno. */
int vt_rules_read(struct vt_rules_mark *ret, struct vt_error *err) VT_MUST_CHECK;

/*
 * Whether there are still as many rules as @mark says. What others have added to them does not
 * count: people do that to see where a packet goes. Also true when the kernel does not say.
 */
bool vt_rules_are_whole(const struct vt_rules_mark *mark);

/* A descriptor that is readable when rules were changed, owned by the caller; or a negative errno.
 * It needs NET_ADMIN. */
int vt_rules_listen(struct vt_error *err) VT_MUST_CHECK;

/*
 * Read all news on @fd. Returns whether something of our tables may have been taken away: true also
 * when news was lost. @who is the name of the last process to do so, printable, "" if unknown.
 */
bool vt_rules_news(int fd, char who[VT_RULES_WHO]);
