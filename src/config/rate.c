/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/rate.h"

#include <errno.h>

#include "base/str.h"

/* Room for the count, with leading zeros. */
#define COUNT_MAX 15

static const struct {
    const char *name;
    unsigned seconds;
} units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

static unsigned seconds_of(const char *name)
{
    for (size_t i = 0; i < VT_ARRAY_SIZE(units); i++) {
        if (vt_streq(name, units[i].name))
            return units[i].seconds;
    }
    return 0;
}

int vt_rate_parse(const char *text, struct vt_rate *ret, char **ret_wrong)
{
    size_t len = strcspn(text, "/");
    unsigned unit = text[len] == '/' ? seconds_of(text + len + 1) : 0;
    VT_AUTO_FREE char *digits = vt_strndup(text, len < COUNT_MAX ? len : COUNT_MAX);
    uint64_t count = 0;

    if (unit == 0 || len >= COUNT_MAX || vt_parse_u64(digits, VT_RATE_MAX, &count) < 0 ||
        count == 0) {
        *ret_wrong = vt_fmt("give a number from 1 to %u and second, minute, hour or day, such as "
                            "10/minute",
                            VT_RATE_MAX);
        return -EINVAL;
    }
    *ret = (struct vt_rate){.count = (unsigned)count, .unit = unit};
    return 0;
}

char *vt_rate_text(const struct vt_rate *rate)
{
    for (size_t i = 0; rate->count > 0 && i < VT_ARRAY_SIZE(units); i++) {
        if (units[i].seconds == rate->unit)
            return vt_fmt("%u/%s", rate->count, units[i].name);
    }
    return vt_strdup("");
}
