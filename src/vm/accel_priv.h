/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of accel.c. */
#pragma once

#include "vm/accel.h"

/* Whether the first flags line of @cpuinfo (/proc/cpuinfo) holds @flag as a word. */
bool vt_cpuinfo_has_flag(const char *cpuinfo, const char *flag);
