/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PORTS: which of the container's ports lead to the guest, and to which of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Nobody lists more by hand, and each is a rule or four. */
#define VT_PORTS_MAX 64

enum vt_protocol { VT_PROTOCOL_TCP, VT_PROTOCOL_UDP, VT_PROTOCOL_SCTP };

struct vt_port {
    uint16_t first, last; /* the container's, both included */
    uint16_t inside;      /* the guest's; the same as first where there are several */
    enum vt_protocol protocol;
};

/* None at all stands for every port of every protocol. */
struct vt_ports {
    struct vt_port *list;
    size_t count;
};

/*
 * Read @text: PORT, FIRST-LAST or PORT:INSIDE, each with or without /tcp, /udp or /sctp (tcp),
 * between commas. A port that two of them name is refused.
 *
 * Returns 0, and the caller frees ret->list, or -EINVAL with *@ret_wrong a sentence's end that says
 * what is allowed, owned by the caller; @ret is then untouched.
 */
int vt_ports_parse(const char *text, struct vt_ports *ret, char **ret_wrong) VT_MUST_CHECK;

/* The same as text that vt_ports_parse() reads, "22/tcp,8080:80/tcp"; owned by the caller. */
char *vt_ports_text(const struct vt_ports *ports);

/* "tcp", "udp" or "sctp". */
const char *vt_protocol_name(enum vt_protocol protocol);
