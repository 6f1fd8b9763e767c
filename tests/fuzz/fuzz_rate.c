/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any SSH_RATE; what is taken says the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/rate.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);
    VT_AUTO_FREE char *wrong = NULL;
    VT_AUTO_FREE char *again = NULL;
    struct vt_rate rate, same;

    if (vt_rate_parse(text, &rate, &wrong) < 0) {
        if (!wrong)
            abort();
        return 0;
    }
    again = vt_rate_text(&rate);
    if (rate.count == 0 || rate.count > VT_RATE_MAX || vt_rate_parse(again, &same, &wrong) < 0 ||
        memcmp(&rate, &same, sizeof(rate)) != 0)
        abort();
    return 0;
}
