/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/lan_record.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/str.h"
#include "net/mac.h"

/* What the kernel takes for a route that is given none. */
#define METRIC  0U
#define METRIC6 1024U

void vt_lan_record_done(struct vt_lan_record *record)
{
    vt_net_view_done(&record->had);
}

/* ---- to text ---- */

struct text {
    struct vt_buf buf;
    unsigned left;
};

static void add_item(struct text *text, char *item)
{
    VT_AUTO_FREE char *owned = item;

    if (text->buf.len + 1 + strlen(owned) < VT_LAN_RECORD_SIZE)
        vt_buf_addf(&text->buf, " %s", owned);
    else
        text->left++;
}

static void add_route(struct text *text, const char *network, const char *gateway, unsigned metric,
                      unsigned usual)
{
    VT_AUTO_FREE char *other = metric == usual ? vt_strdup("") : vt_fmt("%%%u", metric);

    add_item(text, vt_fmt("%s>%s%s", network, gateway, other));
}

static void add_all(struct text *text, const struct vt_net_view *view, const char *ifname)
{
    for (size_t i = 0; i < view->address_count; i++) {
        const struct vt_address *a = &view->addresses[i];

        if (vt_streq(a->ifname, ifname))
            add_item(text, vt_strdup(vt_net_text(a->address, a->prefix).s));
    }
    for (size_t i = 0; i < view->route_count; i++) {
        const struct vt_route *r = &view->routes[i];
        struct vt_ip_text gateway = vt_ip_text(r->gateway);

        if (r->given && vt_streq(r->ifname, ifname))
            add_route(text, vt_net_text(r->network, r->prefix).s, r->gateway ? gateway.s : "",
                      r->metric, METRIC);
    }
}

static void add_all6(struct text *text, const struct vt_net_view *view, const char *ifname)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        const struct vt_address6 *a = &view->addresses6[i];

        if (a->permanent && vt_streq(a->ifname, ifname))
            add_item(text, vt_fmt("%s/%u", vt_ip6_text(&a->address).s, a->prefix));
    }
    for (size_t i = 0; i < view->route6_count; i++) {
        const struct vt_route6 *r = &view->routes6[i];
        VT_AUTO_FREE char *network = vt_fmt("%s/%u", vt_ip6_text(&r->network).s, r->prefix);
        struct vt_ip6_text gateway = vt_ip6_text(&r->gateway);

        if (r->given && vt_streq(r->ifname, ifname))
            add_route(text, network, IN6_IS_ADDR_UNSPECIFIED(&r->gateway) ? "" : gateway.s,
                      r->metric, METRIC6);
    }
}

char *vt_lan_record_text(const struct vt_net_view *view, const char *ifname, const char *mac,
                         unsigned *ret_left)
{
    struct text text = {VT_BUF_INIT(VT_LAN_RECORD_SIZE), 0};

    vt_buf_addf(&text.buf, VT_LAN_RECORD "%s", mac);
    add_all(&text, view, ifname);
    add_all6(&text, view, ifname);
    *ret_left = text.left;
    return vt_buf_take(&text.buf);
}

/* ---- from text ---- */

/* What is behind @mark in @text, which then ends before it; NULL if there is none. */
static char *cut(char *text, char mark)
{
    char *at = strchr(text, mark);

    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

static bool parse_number(const char *text, unsigned max, unsigned *ret)
{
    uint64_t number;

    if (vt_parse_u64(text, max, &number) < 0)
        return false;
    *ret = (unsigned)number;
    return true;
}

static bool parse_ip(const char *text, uint32_t *ret)
{
    struct in_addr in;

    if (inet_pton(AF_INET, text, &in) != 1)
        return false;
    *ret = ntohl(in.s_addr);
    return true;
}

/* The parts of one item; NULL: it is not there. */
struct item {
    const char *ip, *prefix, *gateway, *metric;
};

static bool parse4(const struct item *item, const char *ifname, struct vt_net_view *view)
{
    struct vt_address address = {.global = true};
    struct vt_route route = {.metric = METRIC, .given = true};

    (void)snprintf(address.ifname, sizeof(address.ifname), "%s", ifname);
    (void)snprintf(route.ifname, sizeof(route.ifname), "%s", ifname);
    if (!parse_ip(item->ip, &address.address) || !parse_number(item->prefix, 32, &address.prefix) ||
        (item->metric && !parse_number(item->metric, UINT32_MAX, &route.metric)) ||
        (item->gateway && *item->gateway && !parse_ip(item->gateway, &route.gateway)))
        return false;
    route.network = address.address;
    route.prefix = address.prefix;
    route.is_default = route.prefix == 0;
    if (item->gateway)
        vt_net_view_add_route(view, &route);
    else
        vt_net_view_add_address(view, &address);
    return true;
}

static bool parse6(const struct item *item, const char *ifname, struct vt_net_view *view)
{
    struct vt_address6 address = {.permanent = true};
    struct vt_route6 route = {.metric = METRIC6, .given = true};

    (void)snprintf(address.ifname, sizeof(address.ifname), "%s", ifname);
    (void)snprintf(route.ifname, sizeof(route.ifname), "%s", ifname);
    if (inet_pton(AF_INET6, item->ip, &address.address) != 1 ||
        !parse_number(item->prefix, 128, &address.prefix) ||
        (item->metric && !parse_number(item->metric, UINT32_MAX, &route.metric)) ||
        (item->gateway && *item->gateway &&
         inet_pton(AF_INET6, item->gateway, &route.gateway) != 1))
        return false;
    route.network = address.address;
    route.prefix = address.prefix;
    if (item->gateway)
        vt_net_view_add_route6(view, &route);
    else
        vt_net_view_add_address6(view, &address);
    return true;
}

static bool parse_item(char *text, const char *ifname, struct vt_net_view *view)
{
    struct item item = {.ip = text};
    bool six = strchr(text, ':') != NULL;
    char *gateway = cut(text, '>');

    item.gateway = gateway;
    item.metric = gateway ? cut(gateway, '%') : NULL;
    item.prefix = cut(text, '/');
    if (!item.prefix)
        return false;
    return six ? parse6(&item, ifname, view) : parse4(&item, ifname, view);
}

bool vt_lan_record_parse(const char *alias, const char *ifname, struct vt_lan_record *ret)
{
    VT_AUTO_FREE char *copy = NULL;
    struct vt_lan_record record = VT_LAN_RECORD_INIT;
    char *rest = NULL;
    const char *mac;

    if (!vt_startswith(alias, VT_LAN_RECORD) || strlen(alias) >= VT_LAN_RECORD_SIZE)
        return false;
    copy = vt_strdup(alias + strlen(VT_LAN_RECORD));
    mac = strtok_r(copy, " ", &rest);
    if (!mac || vt_mac_parse(mac, record.mac) < 0)
        return false;
    for (char *item = strtok_r(NULL, " ", &rest); item; item = strtok_r(NULL, " ", &rest)) {
        if (!parse_item(item, ifname, &record.had)) {
            vt_lan_record_done(&record);
            return false;
        }
    }
    *ret = record;
    return true;
}
