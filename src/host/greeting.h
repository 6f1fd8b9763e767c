/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers that speak first, as SSH's do. */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

/*
 * Connect to @port at the IPv4 address @address and wait until the server has said @prefix, all
 * within @timeout_ms. Returns 0, -ETIMEDOUT, -EPROTO when it says something else, or the negative
 * errno of the connection (-ECONNREFUSED).
 */
int vt_greeting_await(const char *address, uint16_t port, const char *prefix,
                      int timeout_ms) VT_MUST_CHECK;
