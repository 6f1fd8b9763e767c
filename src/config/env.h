/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables that are none of the contract's. */
#pragma once

#include <stdbool.h>

/* Whether the variable @name is set and not empty. */
bool vt_env_is_set(const char *name);
