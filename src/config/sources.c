/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/sources.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/str.h"
#include "config/list.h"

/* Room for an IPv6 address, its prefix and blanks. */
#define ITEM_MAX 79

/* The bits after the prefix, which nft would refuse if one network lay in another by them. */
static void clear_host_bits(struct vt_source *source)
{
    for (unsigned bit = source->prefix; bit < 8 * sizeof(source->address); bit++)
        source->address[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

static bool read_item(char *item, struct vt_source *ret)
{
    char *slash = strchr(item, '/');
    uint64_t prefix;

    *ret = (struct vt_source){.ip6 = strchr(item, ':') != NULL};
    prefix = ret->ip6 ? 128 : 32;
    if (slash) {
        *slash = '\0';
        if (vt_parse_u64(slash + 1, prefix, &prefix) < 0)
            return false;
    }
    ret->prefix = (unsigned)prefix;
    if (inet_pton(ret->ip6 ? AF_INET6 : AF_INET, item, ret->address) != 1)
        return false;
    clear_host_bits(ret);
    return true;
}

int vt_sources_parse(const char *text, struct vt_sources *ret, char **ret_wrong)
{
    struct vt_sources sources = {vt_calloc(VT_SOURCES_MAX, sizeof(*sources.list)), 0};

    for (const char *from = text;; from++) {
        const char *end = from + strcspn(from, ",");
        char item[ITEM_MAX + 1];

        if (sources.count == VT_SOURCES_MAX || !vt_list_item(from, end, item, sizeof(item)) ||
            !read_item(item, &sources.list[sources.count]))
            break;
        sources.count++;
        if (*end == '\0') {
            *ret = sources;
            return 0;
        }
        from = end;
    }
    *ret_wrong = vt_fmt("give up to %d addresses and networks with commas between them, such as "
                        "192.0.2.1,10.0.0.0/8,2001:db8::/32",
                        VT_SOURCES_MAX);
    free(sources.list);
    return -EINVAL;
}

char *vt_sources_text(const struct vt_sources *sources, bool ip6)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    for (size_t i = 0; i < sources->count; i++) {
        const struct vt_source *source = &sources->list[i];
        char address[INET6_ADDRSTRLEN] = "";

        if (source->ip6 != ip6)
            continue;
        (void)!inet_ntop(ip6 ? AF_INET6 : AF_INET, source->address, address, sizeof(address));
        vt_buf_addf(&out, "%s%s/%u", out.len > 0 ? ", " : "", address, source->prefix);
    }
    return vt_buf_take(&out);
}
