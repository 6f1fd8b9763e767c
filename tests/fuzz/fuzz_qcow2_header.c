/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the beginning of an image: what is parsed keeps to what its header promises. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image/kind.h"
#include "image/qcow2.h"

static int is_name(const char *s, size_t max)
{
    return strnlen(s, max + 1) <= max;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;
    struct vt_qcow2_header h;
    int r;

    memset(&h, 0xa5, sizeof(h));
    r = vt_qcow2_parse_header(data, size, &h, &err);
    if ((r < 0) != (err.msg != NULL))
        abort();
    if (r == 0 &&
        (!vt_qcow2_has_magic(data, size) || h.version < 2 || h.version > 3 || h.cluster_bits < 9 ||
         h.cluster_bits > 21 || h.virtual_size > INT64_MAX ||
         h.has_backing != !!h.backing_file[0] || !is_name(h.backing_file, VT_QCOW2_NAME_MAX) ||
         !is_name(h.backing_format, VT_QCOW2_FORMAT_MAX)))
        abort();
    if (vt_kind_of(data, size) >= VT_KIND_MAX_)
        abort();
    return 0;
}
