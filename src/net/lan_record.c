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

/* @whole: there is no more to it than @item says, which is freed. */
static void add_item(struct text *text, char *item, bool whole)
{
    VT_AUTO_FREE char *owned = item;
    bool fits = text->buf.len + 1 + strlen(owned) < VT_LAN_RECORD_SIZE;

    if (fits)
        vt_buf_addf(&text->buf, " %s", owned);
    if (!fits || !whole)
        text->left++;
}

/* A route in words; "" or 0: there is no such word. */
struct words {
    const char *network, *gateway, *source;
    unsigned prefix, metric, mtu;
    bool has_metric, onlink;
};

static void add_route(struct text *text, const struct words *words)
{
    VT_AUTO_BUF struct vt_buf item = VT_BUF_INIT(VT_LAN_RECORD_SIZE);

    vt_buf_addf(&item, "%s/%u>%s", words->network, words->prefix, words->gateway);
    if (words->has_metric)
        vt_buf_addf(&item, "%%%u", words->metric);
    if (words->source[0])
        vt_buf_addf(&item, "@%s", words->source);
    if (words->mtu)
        vt_buf_addf(&item, "~%u", words->mtu);
    vt_buf_adds(&item, words->onlink ? "!" : "");
    add_item(text, vt_buf_take(&item), true);
}

static void add_all(struct text *text, const struct vt_net_view *view, const char *ifname)
{
    for (size_t i = 0; i < view->address_count; i++) {
        const struct vt_address *a = &view->addresses[i];

        if (vt_streq(a->ifname, ifname))
            add_item(text, vt_strdup(vt_net_text(a->address, a->prefix).s), !a->peer);
    }
    for (size_t i = 0; i < view->route_count; i++) {
        const struct vt_route *r = &view->routes[i];
        struct vt_ip_text network = vt_ip_text(r->network), gateway = vt_ip_text(r->gateway),
                          source = vt_ip_text(r->source);
        const struct words words = {network.s,
                                    r->gateway ? gateway.s : "",
                                    r->source ? source.s : "",
                                    r->prefix,
                                    r->metric,
                                    r->mtu,
                                    r->metric != METRIC,
                                    r->onlink};

        if (vt_streq(r->unkept, ifname))
            text->left++;
        if (r->given && vt_streq(r->ifname, ifname))
            add_route(text, &words);
    }
}

static void add_all6(struct text *text, const struct vt_net_view *view, const char *ifname)
{
    for (size_t i = 0; i < view->address6_count; i++) {
        const struct vt_address6 *a = &view->addresses6[i];

        if (a->permanent && vt_streq(a->ifname, ifname))
            add_item(text, vt_fmt("%s/%u", vt_ip6_text(&a->address).s, a->prefix), !a->peer);
    }
    for (size_t i = 0; i < view->route6_count; i++) {
        const struct vt_route6 *r = &view->routes6[i];
        struct vt_ip6_text network = vt_ip6_text(&r->network), gateway = vt_ip6_text(&r->gateway),
                           source = vt_ip6_text(&r->source);
        const struct words words = {network.s,
                                    IN6_IS_ADDR_UNSPECIFIED(&r->gateway) ? "" : gateway.s,
                                    IN6_IS_ADDR_UNSPECIFIED(&r->source) ? "" : source.s,
                                    r->prefix,
                                    r->metric,
                                    r->mtu,
                                    r->metric != METRIC6,
                                    r->onlink};

        if (vt_streq(r->unkept, ifname))
            text->left++;
        if (r->given && vt_streq(r->ifname, ifname))
            add_route(text, &words);
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

/* The parts of one item; NULL: it is not there. */
struct item {
    const char *ip, *prefix, *gateway, *metric, *source, *mtu;
    bool onlink;
};

static bool parse_numbers(const struct item *item, unsigned prefix_max, unsigned *ret_prefix,
                          unsigned *ret_metric, unsigned *ret_mtu)
{
    return parse_number(item->prefix, prefix_max, ret_prefix) &&
           (!item->metric || parse_number(item->metric, UINT32_MAX, ret_metric)) &&
           (!item->mtu || parse_number(item->mtu, UINT32_MAX, ret_mtu));
}

/* Also when there is no address, as with a route without gateway. */
static bool parse_ip(const char *text, uint32_t *ret)
{
    struct in_addr in = {0};

    if (text && *text && inet_pton(AF_INET, text, &in) != 1)
        return false;
    *ret = ntohl(in.s_addr);
    return true;
}

static bool parse_ip6(const char *text, struct in6_addr *ret)
{
    return !text || !*text || inet_pton(AF_INET6, text, ret) == 1;
}

static bool parse4(const struct item *item, const char *ifname, struct vt_net_view *view)
{
    struct vt_address address = {.global = true};
    struct vt_route route = {.metric = METRIC, .onlink = item->onlink, .given = true};

    (void)snprintf(address.ifname, sizeof(address.ifname), "%s", ifname);
    (void)snprintf(route.ifname, sizeof(route.ifname), "%s", ifname);
    if (!*item->ip || !parse_ip(item->ip, &route.network) ||
        !parse_ip(item->gateway, &route.gateway) || !parse_ip(item->source, &route.source) ||
        !parse_numbers(item, 32, &route.prefix, &route.metric, &route.mtu))
        return false;
    address.address = route.network;
    address.prefix = route.prefix;
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
    struct vt_route6 route = {.metric = METRIC6, .onlink = item->onlink, .given = true};

    (void)snprintf(address.ifname, sizeof(address.ifname), "%s", ifname);
    (void)snprintf(route.ifname, sizeof(route.ifname), "%s", ifname);
    if (!*item->ip || !parse_ip6(item->ip, &route.network) ||
        !parse_ip6(item->gateway, &route.gateway) || !parse_ip6(item->source, &route.source) ||
        !parse_numbers(item, 128, &route.prefix, &route.metric, &route.mtu))
        return false;
    address.address = route.network;
    address.prefix = route.prefix;
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
    const char *end = "";

    item.gateway = gateway;
    if (gateway) {
        end = cut(gateway, '!');
        item.mtu = cut(gateway, '~');
        item.source = cut(gateway, '@');
        item.metric = cut(gateway, '%');
        item.onlink = end != NULL;
    }
    item.prefix = cut(text, '/');
    if (!item.prefix || (end && *end))
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
