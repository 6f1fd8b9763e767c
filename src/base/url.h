/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as they may be shown and written down. */
#pragma once

/*
 * @url without what lets a person in: user name and password, and the query, which may be a
 * signature. What is no address with "://" is returned as it is; the caller frees it.
 */
char *vt_url_public(const char *url);
