/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/env.h"

#include <stdlib.h>

bool vt_env_is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}
