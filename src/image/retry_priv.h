/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the unit tests, which have no time to wait. */
#pragma once

/* How many milliseconds a second of the pauses has: 1000. */
extern int vt_retry_second;
