/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any frame that comes from the guest: whatever requests an address passes the kernel's filter, and
 * is read as the same. */
#include <stdlib.h>

#include "../unit/net/filtered.h"
#include "base/cleanup.h"
#include "fuzz.h"
#include "net/lease.h"

static const struct ether_addr mac = {{0x02, 0x42, 0xac, 0x11, 0, 2}};

/* The end that is written to; *@ret_out is the other, which has the filter. */
static int make_pair(int *ret_out)
{
    struct vt_filter filter;
    int in;

    vt_lease_filter(&mac, &filter);
    in = filtered_pair(&filter, ret_out);
    if (in < 0)
        abort();
    return in;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int in = -1, out;
    uint32_t said = vt_lease_parse(data, size, &mac), read = 0;
    int r;

    if (in < 0)
        in = make_pair(&out);
    if (size == 0 || size > 1514)
        return 0;
    (void)!send(in, data, size, 0);
    r = vt_lease_read(out, &mac, &read);
    if ((r < 0 && said != 0) || read != said)
        abort();
    return 0;
}
