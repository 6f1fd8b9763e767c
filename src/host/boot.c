/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/boot.h"

#include <string.h>

#include "base/str.h"
#include "host/files.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

enum { BOOT_ID_MAX = 64 };

char *vt_boot_id(void)
{
    char *text = NULL;

    if (vt_file_read(BOOT_ID, BOOT_ID_MAX, &text, NULL) < 0)
        return vt_strdup("");
    text[strcspn(text, "\n")] = '\0';
    return text;
}
