/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/url.h"

#include "base/str.h"

char *vt_url_public(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *host, *at, *rest;

    if (!scheme_end)
        return vt_strdup(url);
    host = scheme_end + 3;
    at = memrchr(host, '@', strcspn(host, "/?#"));
    rest = at ? at + 1 : host;
    return vt_fmt("%.*s%.*s", (int)(host - url), url, (int)strcspn(rest, "?#"), rest);
}
