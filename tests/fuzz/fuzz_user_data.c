/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A document of unknown format, and a password of any bytes: what passes the check must come back
 * from YAML. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/yaml.h"
#include "fuzz.h"
#include "seed/documents.h"
#include "seed/password.h"

static void check_password(const char *password)
{
    VT_AUTO_FREE char *text = NULL, *read = NULL;

    if (vt_password_check(password, NULL) < 0)
        return;
    text = vt_password_config(password);
    read = vt_yaml_top_scalar(text, strlen(text), "password");
    if (!read || strcmp(read, password) != 0)
        abort();
    if (vt_data_format(text, strlen(text)) != VT_DATA_CLOUD_CONFIG)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    VT_AUTO_FREE char *password = vt_strndup(text, size);

    if (vt_data_format(text, size) == VT_DATA_CLOUD_CONFIG)
        (void)!vt_yaml_check("f", text, size, NULL);
    check_password(password);
    return 0;
}
