/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Milliseconds of a clock that does not jump, for deadlines and durations. */
int64_t vt_now_ms(void);
