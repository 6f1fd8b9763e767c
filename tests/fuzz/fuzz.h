/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer and the replay main call; each fuzz_NAME.c has one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
