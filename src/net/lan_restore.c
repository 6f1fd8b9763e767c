/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "net/lan_apply.h"
#include "net/lan_record.h"
#include "net/link.h"
#include "net/nft.h"

static bool is_record(const struct vt_link *link)
{
    return vt_startswith(link->alias, VT_LAN_RECORD);
}

bool vt_lan_is_taken(const struct vt_net_view *view)
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (is_record(&view->links[i]))
            return true;
    }
    return false;
}

/* Whether the guest's card is on @bridge: it has a port that is not an interface of the container.
 */
static bool is_in_use(const struct vt_net_view *view, const struct vt_link *bridge)
{
    for (size_t i = 0; i < view->link_count; i++) {
        if (view->links[i].master == bridge->index && !is_record(&view->links[i]))
            return true;
    }
    return false;
}

/* Whether a guest that took interfaces has them still. */
static int check_use(const struct vt_net_view *view, struct vt_error *err)
{
    for (size_t i = 0; i < view->link_count; i++) {
        const struct vt_link *bridge = &view->links[i];

        for (size_t n = 0; bridge->ours && n < view->link_count; n++) {
            if (view->links[n].master == bridge->index && is_record(&view->links[n]) &&
                is_in_use(view, bridge))
                return vt_error_set(err, VT_CAUSE_NETWORK, -EBUSY,
                                    "another virtainer runs in this network namespace, on bridge "
                                    "%s; give this one a network of its own",
                                    bridge->name);
        }
    }
    return 0;
}

/* What is there already is right: the one that took it may have been killed before it did. */
static int unless_there(int r)
{
    return r == -EEXIST ? 0 : r;
}

static int first_error(int a, int b)
{
    return a < 0 ? a : b;
}

/* A record that had no room for all may lack the way to the gateway. */
static int add_route(struct vt_netlink *netlink, const struct vt_route *route)
{
    struct vt_route onlink = *route;
    int r = vt_link_add_route(netlink, route);

    onlink.onlink = route->gateway != 0;
    return r < 0 ? vt_link_add_route(netlink, &onlink) : r;
}

static int add_route6(struct vt_netlink *netlink, const struct vt_route6 *route)
{
    struct vt_route6 onlink = *route;
    int r = vt_link_add_route6(netlink, route);

    onlink.onlink = !IN6_IS_ADDR_UNSPECIFIED(&route->gateway);
    return r < 0 ? vt_link_add_route6(netlink, &onlink) : r;
}

/* Without the address that it sends with where that is not there any more: the kernel takes no
 * other, and a route that sends with another is better than none. */
static int restore_route(struct vt_netlink *netlink, const struct vt_route *route)
{
    struct vt_route any = *route;
    int r = add_route(netlink, route);

    if (r == 0 || route->source == 0)
        return r;
    any.source = 0;
    vt_debug("the route to %s is no longer by the address %s: that is not here",
             vt_net_text(route->network, route->prefix).s, vt_ip_text(route->source).s);
    return add_route(netlink, &any);
}

/* The same; one that a router's advertisement gives may be back only in a while. */
static int restore_route6(struct vt_netlink *netlink, const struct vt_route6 *route)
{
    struct vt_route6 any = *route;
    int r = add_route6(netlink, route);

    if (r == 0 || IN6_IS_ADDR_UNSPECIFIED(&route->source))
        return r;
    any.source = (struct in6_addr)IN6ADDR_ANY_INIT;
    vt_debug("the route to %s/%u is no longer by the address %s: that is not here",
             vt_ip6_text(&route->network).s, route->prefix, vt_ip6_text(&route->source).s);
    return add_route6(netlink, &any);
}

/* Those that have a gateway or those that have none, which lead to the gateways of the others. */
static int restore_routes(struct vt_netlink *netlink, const struct vt_net_view *had,
                          bool with_gateway)
{
    int r = 0;

    for (size_t i = 0; i < had->route_count; i++) {
        if ((had->routes[i].gateway != 0) == with_gateway)
            r = first_error(r, restore_route(netlink, &had->routes[i]));
    }
    for (size_t i = 0; i < had->route6_count; i++) {
        if (!IN6_IS_ADDR_UNSPECIFIED(&had->routes6[i].gateway) == with_gateway)
            r = first_error(r, restore_route6(netlink, &had->routes6[i]));
    }
    return r;
}

static int restore_addresses(struct vt_netlink *netlink, const struct vt_net_view *had)
{
    int r = 0;

    for (size_t i = 0; i < had->address_count; i++) {
        const struct vt_address *a = &had->addresses[i];

        r = first_error(
            r, unless_there(vt_link_add_address(netlink, a->ifname, a->address, a->prefix)));
    }
    for (size_t i = 0; i < had->address6_count; i++) {
        const struct vt_address6 *a = &had->addresses6[i];

        r = first_error(
            r, unless_there(vt_link_add_address6(netlink, a->ifname, &a->address, a->prefix)));
    }
    return r;
}

/* Its IPv6 begins anew with the link's coming up: link-local address, routers' advertisements. */
static int restore_link(struct vt_netlink *netlink, const struct vt_link *link,
                        const struct vt_lan_record *record)
{
    int r = vt_link_down(netlink, link->name);

    if (!vt_streq(link->mac, record->mac))
        r = first_error(r, vt_link_set_mac(netlink, link->name, record->mac));
    vt_link_own_ip6(netlink, link->name, true);
    r = first_error(r, vt_link_up(netlink, link->name));
    return first_error(r, restore_addresses(netlink, &record->had));
}

/* An interface that a guest had. */
struct returned {
    const struct vt_link *link;
    struct vt_lan_record record;
    bool known; /* what is in the record */
    int r;      /* of the link and its addresses */
};

static void give_back_addresses(struct vt_netlink *netlink, struct returned *item)
{
    item->known = vt_lan_record_parse(item->link->alias, item->link->name, &item->record);
    if (item->known)
        item->r = restore_link(netlink, item->link, &item->record);
}

static int give_back_routes(struct vt_netlink *netlink, const struct returned *item,
                            struct vt_error *err)
{
    const char *name = item->link->name;
    int r = item->r;

    if (!item->known)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EBADMSG,
                            "what the container's %s had before a guest took it is not known any "
                            "more: its alias is '%s'; start the container's network anew, with the "
                            "container or its pod",
                            name, item->link->alias);
    r = first_error(r, restore_routes(netlink, &item->record.had, false));
    r = first_error(r, restore_routes(netlink, &item->record.had, true));
    if (r == 0)
        r = vt_link_set_alias(netlink, name, "");
    return r < 0 ? vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "cannot give the container's %s back what a guest had", name)
                 : 0;
}

/* The routes when all have their addresses: that which a route sends with may be of another. */
static int give_back_links(struct vt_netlink *netlink, const struct vt_net_view *view,
                           struct vt_error *err)
{
    VT_AUTO_FREE struct returned *items = vt_calloc(view->link_count, sizeof(*items));
    size_t count = 0;
    int r = 0;

    for (size_t i = 0; i < view->link_count; i++) {
        if (!is_record(&view->links[i]))
            continue;
        items[count].link = &view->links[i];
        give_back_addresses(netlink, &items[count++]);
    }
    for (size_t i = 0; i < count; i++) {
        r = first_error(r, give_back_routes(netlink, &items[i], r == 0 ? err : NULL));
        vt_lan_record_done(&items[i].record);
    }
    return r;
}

/* Those without a port, too: who was killed may have come no further. */
static int delete_bridges(struct vt_netlink *netlink, const struct vt_net_view *view,
                          struct vt_error *err)
{
    int r = 0;

    for (size_t i = 0; i < view->link_count; i++) {
        const struct vt_link *bridge = &view->links[i];

        if (bridge->ours && !is_in_use(view, bridge))
            r = first_error(r, vt_link_delete(netlink, bridge->name));
    }
    return r < 0 ? vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "cannot remove an earlier guest's bridge")
                 : 0;
}

/*
 * Whatever fails, the rest is done, and the first failure told. The aliases go last: who is killed
 * in between leaves them to the next.
 */
int vt_lan_give_back(struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_FREE char *no_rules = vt_lan_no_ruleset();
    int r = vt_net_view_read(&view, err);

    if (r < 0 || !vt_lan_is_taken(&view))
        return r;
    r = check_use(&view, err);
    if (r == 0)
        r = vt_netlink_open(&netlink, err);
    if (r < 0)
        return r;
    r = delete_bridges(&netlink, &view, err);
    r = first_error(r, vt_nft_run(no_rules, "cannot remove the rules of an earlier guest",
                                  r == 0 ? err : NULL));
    return first_error(r, give_back_links(&netlink, &view, r == 0 ? err : NULL));
}
