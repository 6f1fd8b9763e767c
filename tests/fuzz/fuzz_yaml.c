/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes the check can be extended into something that passes too, or is refused; nothing is
 * lost on the way. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/yaml.h"
#include "fuzz.h"

static const char *const items[] = {"one", "two: 2"};

static const struct vt_yaml_entry entries[] = {
    {.key = "instance-id", .text = "yes"},
    {.key = "public-keys", .items = items, .item_count = 2},
};

static void extend(const char *text, size_t size)
{
    VT_AUTO_FREE char *had = vt_yaml_top_scalar(text, size, "instance-id");
    VT_AUTO_FREE char *made = vt_yaml_extend(text, size, entries, 2);
    VT_AUTO_FREE char *has = NULL;

    if (!made)
        return;
    if (vt_yaml_check("made", made, strlen(made), NULL) < 0 ||
        !vt_yaml_top_has(made, strlen(made), "public-keys") ||
        !vt_yaml_top_has(made, strlen(made), "instance-id"))
        abort();
    has = vt_yaml_top_scalar(made, strlen(made), "instance-id");
    if (had && (!has || strcmp(had, has) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    const char *text = (const char *)data;
    int r = vt_yaml_check("f", text, size, &err);

    if ((r < 0) != (err.msg != NULL))
        abort();
    if (r == 0)
        extend(text, size);
    else
        free(vt_yaml_top_scalar(text, size, "instance-id"));
    return 0;
}
