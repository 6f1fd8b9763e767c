/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ALLOW_FROM: whose packets reach the guest. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define VT_SOURCES_MAX 64

/* A network of clients, its host bits zero. */
struct vt_source {
    bool ip6;
    uint8_t address[16]; /* network order; of IPv4 the first four */
    unsigned prefix;
};

/* None at all stands for everybody. */
struct vt_sources {
    struct vt_source *list;
    size_t count;
};

/*
 * Read @text: addresses and networks (ADDRESS/PREFIX) of IPv4 and IPv6 between commas.
 *
 * Returns 0, and the caller frees ret->list, or -EINVAL with *@ret_wrong a sentence's end that says
 * what is allowed, owned by the caller; @ret is then untouched.
 */
int vt_sources_parse(const char *text, struct vt_sources *ret, char **ret_wrong) VT_MUST_CHECK;

/*
 * Those of one protocol as text that vt_sources_parse() reads, with ", " between them; "" if there
 * are none. Owned by the caller.
 */
char *vt_sources_text(const struct vt_sources *sources, bool ip6);
