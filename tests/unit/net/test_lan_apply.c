/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest takes and gives back, in a network namespace of the test's own. */
#include "net/lan_apply.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/ip.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/str.h"
#include "net/lan_record.h"
#include "net/link.h"
#include "net/nft.h"
#include "views.h"

#define MAC      "02:42:ac:11:00:02"
#define GATEWAY  "172.17.0.1"
#define GATEWAY6 "fd00:5::1"

static struct vt_netlink netlink = VT_NETLINK_INIT;
static struct vt_rules_mark mark;
static bool usable;

static void freep(struct vt_lan **lan)
{
    vt_lan_free(*lan);
}

#define AUTO_LAN VT_CLEANUP(freep)

/* @name and what is at its other end. */
static int make_veth(const char *name, const char *other)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = vt_link_request(buffer, RTM_NEWLINK, NLM_F_CREATE, name);
    struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);
    struct nlattr *data;
    struct nlattr *peer;

    mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
    data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
    peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
    (void)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(request, IFLA_IFNAME, other);
    mnl_attr_nest_end(request, peer);
    mnl_attr_nest_end(request, data);
    mnl_attr_nest_end(request, info);
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

/* @address is of @size bytes. */
static int know_gateway(uint8_t family, const void *address, size_t size)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ndmsg *info;

    request->nlmsg_type = RTM_NEWNEIGH;
    request->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    info->ndm_family = family;
    info->ndm_ifindex = (int)if_nametoindex("eth0");
    info->ndm_state = NUD_PERMANENT;
    mnl_attr_put(request, NDA_DST, size, address);
    vt_netlink_put_mac(request, NDA_LLADDR, "02:00:00:00:00:01");
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

/* So that nobody need wait for their answers. */
static void know_gateways(void)
{
    const uint32_t four = htonl(ip(GATEWAY));
    const struct in6_addr six = ip6(GATEWAY6);

    assert_int_equal(know_gateway(AF_INET, &four, sizeof(four)), 0);
    assert_int_equal(know_gateway(AF_INET6, &six, sizeof(six)), 0);
}

/* The gateways of some are reached by others. */
static int give_routes(void)
{
    const struct vt_route routes[] = {
        {.prefix = 0, .gateway = ip(GATEWAY), .metric = 100, .mtu = 1400},
        {.network = ip("10.5.0.0"), .prefix = 16, .gateway = ip("172.17.0.3")},
        {.network = ip("10.6.0.1"), .prefix = 32, .source = ip("10.9.0.9")},
        {.network = ip("10.1.0.0"), .prefix = 16, .gateway = ip("10.6.0.1")},
        {.network = ip("10.7.0.0"), .prefix = 16, .gateway = ip("192.0.2.1"), .onlink = true},
    };
    const struct vt_route6 out = {
        .ifname = "eth0", .gateway = ip6(GATEWAY6), .metric = 512, .source = ip6("fd00:6::2")};
    int r = 0;

    for (size_t i = 0; r == 0 && i < VT_ARRAY_SIZE(routes); i++) {
        struct vt_route route = routes[i];

        memcpy(route.ifname, "eth0", sizeof("eth0"));
        r = vt_link_add_route(&netlink, &route);
    }
    return r == 0 ? vt_link_add_route6(&netlink, &out) : r;
}

static int give_addresses(void)
{
    const struct in6_addr six = ip6("fd00:5::2"), far = ip6("fd00:6::2");
    int r = vt_link_add_address(&netlink, "eth0", ip("172.17.0.2"), 16);

    r = r == 0 ? vt_link_add_address(&netlink, "eth0", ip("172.17.0.9"), 16) : r;
    r = r == 0 ? vt_link_add_address(&netlink, "eth0", ip("10.9.0.9"), 24) : r;
    r = r == 0 ? vt_link_add_address6(&netlink, "eth0", &six, 64) : r;
    r = r == 0 ? vt_link_add_address6(&netlink, "eth0", &far, 80) : r;
    return r == 0 ? give_routes() : r;
}

static int make_network(void **state)
{
    const uint32_t gateway = htonl(ip(GATEWAY));

    (void)state;
    usable = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
             vt_netlink_open(&netlink, NULL) == 0 && make_veth("eth0", "eth1") == 0 &&
             vt_link_set_mac(&netlink, "eth0", MAC) == 0 && vt_link_up(&netlink, "eth1") == 0 &&
             vt_link_up(&netlink, "eth0") == 0 && give_addresses() == 0 &&
             know_gateway(AF_INET, &gateway, sizeof(gateway)) == 0;
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line for each thing, in one order: IPv6's are the kernel's. */
static char *sorted(char **lines, size_t count)
{
    struct vt_buf text = VT_BUF_INIT(65536);

    qsort(lines, count, sizeof(*lines), by_text);
    for (size_t i = 0; i < count; i++) {
        vt_buf_addf(&text, "%s\n", lines[i]);
        free(lines[i]);
    }
    return vt_buf_take(&text);
}

static char *route_line(const struct vt_route *r)
{
    struct vt_ip_text gateway = vt_ip_text(r->gateway), source = vt_ip_text(r->source);

    return vt_fmt("route %s %s via %s metric %u src %s mtu %u%s", r->ifname,
                  vt_net_text(r->network, r->prefix).s, gateway.s, r->metric, source.s, r->mtu,
                  r->onlink ? " onlink" : "");
}

static char *route6_line(const struct vt_route6 *r)
{
    struct vt_ip6_text gateway = vt_ip6_text(&r->gateway), source = vt_ip6_text(&r->source);

    return vt_fmt("route %s %s/%u via %s metric %u src %s mtu %u%s", r->ifname,
                  vt_ip6_text(&r->network).s, r->prefix, gateway.s, r->metric, source.s, r->mtu,
                  r->onlink ? " onlink" : "");
}

/* The links, addresses and routes, but not those of link-local addresses, which take a while. */
static char *what_there_is(void)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    char *lines[256];
    size_t n = 0;

    assert_int_equal(vt_net_view_read(&view, NULL), 0);
    assert_in_range(view.link_count + view.address_count + view.route_count + view.address6_count +
                        view.route6_count,
                    1, VT_ARRAY_SIZE(lines));
    for (size_t i = 0; i < view.link_count; i++)
        lines[n++] =
            vt_fmt("link %s %s alias '%s' master %d up %d", view.links[i].name, view.links[i].mac,
                   view.links[i].alias, view.links[i].master, view.links[i].up);
    for (size_t i = 0; i < view.address_count; i++)
        lines[n++] = vt_fmt("address %s %s", view.addresses[i].ifname,
                            vt_net_text(view.addresses[i].address, view.addresses[i].prefix).s);
    for (size_t i = 0; i < view.address6_count; i++)
        lines[n++] = vt_fmt("address %s %s/%u", view.addresses6[i].ifname,
                            vt_ip6_text(&view.addresses6[i].address).s, view.addresses6[i].prefix);
    for (size_t i = 0; i < view.route_count; i++)
        lines[n++] = route_line(&view.routes[i]);
    for (size_t i = 0; i < view.route6_count; i++) {
        if (!IN6_IS_ADDR_LINKLOCAL(&view.routes6[i].network))
            lines[n++] = route6_line(&view.routes6[i]);
    }
    return sorted(lines, n);
}

static bool has_link_local(const char *name)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET6 && vt_streq(a->ifa_name, name) &&
            IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr))
            found = true;
    }
    freeifaddrs(all);
    return found;
}

static void assert_link_local(const char *name)
{
    const struct timespec step = {.tv_nsec = 20000000};

    for (unsigned i = 0; i < 150 && !has_link_local(name); i++)
        (void)nanosleep(&step, NULL);
    assert_true(has_link_local(name));
}

static struct vt_lan *plan(void)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    struct vt_lan *lan = NULL;

    assert_int_equal(vt_net_view_read(&view, NULL), 0);
    assert_int_equal(vt_lan_plan(&view, &lan, NULL), 0);
    return lan;
}

/* Also whether this kernel has what they are made of. */
static bool has_no_rules(const struct vt_lan *lan)
{
    VT_AUTO_FREE char *fresh = vt_lan_ruleset(lan, true);
    VT_AUTO_FREE char *none = vt_lan_no_ruleset();

    return vt_nft_run(fresh, "", NULL) == 0 && vt_nft_run(none, "", NULL) == 0;
}

/* Those of both tables. */
static void assert_lost_rules_are_missed(const struct vt_lan *lan)
{
    static const char *const lost[] = {"flush chain bridge virtainer output",
                                       "flush table inet virtainer", "flush ruleset"};
    VT_AUTO_FREE char *ruleset = vt_lan_ruleset(lan, true);

    assert_int_equal(mark.rules, vt_rules_count(ruleset));
    for (size_t i = 0; i < VT_ARRAY_SIZE(lost); i++) {
        assert_true(vt_rules_are_whole(&mark));
        assert_int_equal(vt_nft_run(lost[i], "", NULL), 0);
        assert_false(vt_rules_are_whole(&mark));
        assert_int_equal(vt_lan_apply_rules(lan, &mark, NULL), 0);
    }
    assert_true(vt_rules_are_whole(&mark));
}

/* Of a network whose own DHCP gives it. */
static void assert_learned_addresses_are_reached(const struct vt_lan *lan, struct vt_lan_port *port)
{
    static const char *const addresses[] = {"10.7.0.5", "10.8.0.6"};
    VT_AUTO_FREE char *ways = NULL;

    for (size_t i = 0; i < VT_ARRAY_SIZE(addresses); i++) {
        VT_AUTO_FREE char *way =
            vt_fmt("route %s %s/32 via 0.0.0.0 metric 0 ", port->bridge, addresses[i]);

        assert_int_equal(vt_lan_learn(lan, port, ip(addresses[i]), NULL), 0);
        assert_int_equal(port->learned, ip(addresses[i]));
        vt_str_replace(&ways, what_there_is());
        assert_non_null(strstr(ways, way));
    }
    assert_null(strstr(ways, addresses[0]));
}

/* The container's own address, and that of a network that it was attached to later. */
static void assert_what_is_elsewhere_is_not_drawn_to_the_guest(const struct vt_lan *lan,
                                                               struct vt_lan_port *port)
{
    static const char *const addresses[] = {"10.66.0.1", "10.66.0.7"};
    uint32_t learned = port->learned;

    assert_int_equal(vt_link_make_bridge(&netlink, "later0", "02:00:00:00:00:66", 1500), 0);
    assert_int_equal(vt_link_add_address(&netlink, "later0", ip("10.66.0.1"), 24), 0);
    assert_int_equal(vt_link_up(&netlink, "later0"), 0);
    for (size_t i = 0; i < VT_ARRAY_SIZE(addresses); i++) {
        VT_AUTO_ERROR struct vt_error err = VT_ERROR_INIT;

        assert_int_equal(vt_lan_learn(lan, port, ip(addresses[i]), &err), -EADDRINUSE);
        assert_non_null(strstr(err.msg, addresses[i]));
        assert_int_equal(port->learned, learned);
    }
    assert_int_equal(vt_link_delete(&netlink, "later0"), 0);
    assert_int_equal(vt_lan_learn(lan, port, ip("10.66.0.7"), NULL), 0);
    assert_int_equal(vt_lan_learn(lan, port, learned, NULL), 0);
}

static void assert_forgotten_addresses_are_not(struct vt_lan *lan)
{
    VT_AUTO_FREE char *ways = NULL;

    vt_lan_forget(lan);
    assert_int_equal(lan->ports[1].learned, 0);
    ways = what_there_is();
    assert_null(strstr(ways, "10.8.0.6"));
    assert_null(strstr(ways, "0.0.0.0/32"));
}

/* The MAC is another's, as a guest's that goes on in another container. */
static void the_network_is_as_before_when_the_guest_has_gone(void **state)
{
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *before = NULL;
    VT_AUTO_FREE char *taken = NULL;
    VT_AUTO_FREE char *after = NULL;

    (void)state;
    if (!usable)
        skip();
    assert_link_local("eth0");
    before = what_there_is();
    assert_non_null(strstr(before, "route eth0 0.0.0.0/0 via 172.17.0.1 metric 100 src 0.0.0.0 "
                                   "mtu 1400\n"));
    lan = plan();
    assert_string_equal(lan->ports[0].uplink, "eth0");
    (void)snprintf(lan->ports[0].mac, VT_MAC_TEXT, "02:42:ac:11:00:99");
    if (!has_no_rules(lan))
        skip();
    assert_int_equal(vt_lan_take(lan, &mark, NULL), 0);
    assert_lost_rules_are_missed(lan);
    assert_non_null(strstr(lan->notice, "the IPv6 gateway " GATEWAY6 " does not answer"));
    assert_null(strstr(lan->notice, GATEWAY " does not answer"));
    taken = what_there_is();
    assert_null(strstr(taken, "address eth0"));
    assert_null(strstr(taken, "route eth0"));
    assert_false(has_link_local("eth0"));
    assert_learned_addresses_are_reached(lan, &lan->ports[1]);
    assert_what_is_elsewhere_is_not_drawn_to_the_guest(lan, &lan->ports[1]);
    assert_forgotten_addresses_are_not(lan);
    assert_int_equal(vt_lan_give_back(NULL), 0);
    after = what_there_is();
    assert_string_equal(after, before);
    assert_link_local("eth0");
}

static void what_cannot_be_taken_is_left_as_it_was(void **state)
{
    AUTO_LAN struct vt_lan *nameless = NULL;
    AUTO_LAN struct vt_lan *bridgeless = NULL;
    VT_AUTO_FREE char *before = NULL;
    VT_AUTO_FREE char *after = NULL;

    (void)state;
    if (!usable)
        skip();
    know_gateways();
    before = what_there_is();
    nameless = plan();
    if (!has_no_rules(nameless))
        skip();
    vt_str_replace(&nameless->ports[1].record, vt_fmt("%512s", ""));
    assert_true(vt_lan_take(nameless, &mark, NULL) < 0);
    assert_true(has_no_rules(nameless));
    after = what_there_is();
    assert_string_equal(after, before);
    know_gateways();
    bridgeless = plan();
    (void)snprintf(bridgeless->ports[1].bridge, IFNAMSIZ, "lo");
    assert_true(vt_lan_take(bridgeless, &mark, NULL) < 0);
    assert_true(has_no_rules(bridgeless));
    vt_str_replace(&after, what_there_is());
    assert_string_equal(after, before);
}

/* To 10.@second.0.0/16 by both gateways, or in a table of its own. */
static int add_unkept(uint8_t second, bool multipath)
{
    const struct rtnexthop hop = {.rtnh_len = sizeof(hop) + sizeof(struct nlattr) + 4,
                                  .rtnh_ifindex = (int)if_nametoindex("eth0")};
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtmsg *info;
    struct nlattr *hops;

    request->nlmsg_type = RTM_NEWROUTE;
    request->nlmsg_flags = NLM_F_CREATE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    *info = (struct rtmsg){.rtm_family = AF_INET,
                           .rtm_dst_len = 16,
                           .rtm_table = multipath ? RT_TABLE_MAIN : 100,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_type = RTN_UNICAST};
    mnl_attr_put_u32(request, RTA_DST, htonl(ip("10.0.0.0") | (uint32_t)second << 16));
    if (!multipath) {
        mnl_attr_put_u32(request, RTA_GATEWAY, htonl(ip("172.17.0.3")));
        return vt_netlink_ask(&netlink, request, NULL, NULL);
    }
    hops = mnl_attr_nest_start(request, RTA_MULTIPATH);
    for (uint32_t i = 3; i < 5; i++) {
        memcpy(mnl_nlmsg_get_payload_tail(request), &hop, sizeof(hop));
        request->nlmsg_len += sizeof(hop);
        mnl_attr_put_u32(request, RTA_GATEWAY, htonl(ip("172.17.0.0") | i));
    }
    mnl_attr_nest_end(request, hops);
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

/* By eth1, to 10.@second.0.0/16. */
static struct nlmsghdr *begin_unkept(char *buffer, uint8_t second)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtmsg *info;

    request->nlmsg_type = RTM_NEWROUTE;
    request->nlmsg_flags = NLM_F_CREATE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    *info = (struct rtmsg){.rtm_family = AF_INET,
                           .rtm_dst_len = 16,
                           .rtm_table = RT_TABLE_MAIN,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_scope = RT_SCOPE_LINK,
                           .rtm_type = RTN_UNICAST};
    mnl_attr_put_u32(request, RTA_DST, htonl(ip("10.0.0.0") | (uint32_t)second << 16));
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex("eth1"));
    return request;
}

/* An IPv4 network by a gateway of IPv6 (RFC 5549). */
static int add_via6(uint8_t second)
{
    const struct in6_addr gateway = ip6("fe80::1");
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = begin_unkept(buffer, second);
    const uint16_t family = AF_INET6;
    uint8_t via[sizeof(family) + sizeof(gateway)]; /* struct rtvia */

    memcpy(via, &family, sizeof(family));
    memcpy(via + sizeof(family), &gateway, sizeof(gateway));
    mnl_attr_put(request, RTA_VIA, sizeof(via), via);
    ((struct rtmsg *)mnl_nlmsg_get_payload(request))->rtm_scope = RT_SCOPE_UNIVERSE;
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

static int add_of(uint8_t second, uint8_t table, uint8_t service)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = begin_unkept(buffer, second);
    struct rtmsg *info = mnl_nlmsg_get_payload(request);

    info->rtm_table = table;
    info->rtm_tos = service;
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

static int add_encapsulated(uint8_t second)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = begin_unkept(buffer, second);
    struct nlattr *encapsulation = mnl_attr_nest_start(request, RTA_ENCAP);

    mnl_attr_put_u32(request, LWTUNNEL_IP_DST, htonl(ip("10.50.0.9")));
    mnl_attr_nest_end(request, encapsulation);
    mnl_attr_put_u16(request, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_IP);
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

/* For what is sent from fd00:77::/64 only. */
static int add_from6(void)
{
    const struct in6_addr network = ip6("fd00:78::"), senders = ip6("fd00:77::");
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtmsg *info;

    request->nlmsg_type = RTM_NEWROUTE;
    request->nlmsg_flags = NLM_F_CREATE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    *info = (struct rtmsg){.rtm_family = AF_INET6,
                           .rtm_dst_len = 64,
                           .rtm_src_len = 64,
                           .rtm_table = RT_TABLE_MAIN,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_type = RTN_UNICAST};
    mnl_attr_put(request, RTA_DST, sizeof(network), &network);
    mnl_attr_put(request, RTA_SRC, sizeof(senders), &senders);
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex("eth1"));
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

static void what_is_no_plain_route_is_not_made_one(void **state)
{
    VT_AUTO_FREE char *expected = NULL;
    AUTO_LAN struct vt_lan *lan = NULL;
    unsigned count = 3;

    (void)state;
    if (!usable)
        skip();
    assert_int_equal(add_of(22, RT_TABLE_MAIN, IPTOS_LOWDELAY), 0);
    assert_int_equal(add_of(23, 100, 0), 0);
    assert_int_equal(add_via6(24), 0);
    /* A kernel may have been made without. */
    count += add_encapsulated(25) == 0;
    count += add_from6() == 0;
    lan = plan();
    assert_string_equal(lan->ports[1].uplink, "eth1");
    assert_null(strstr(lan->ports[1].record, "10.2"));
    assert_null(strstr(lan->ports[1].record, "fd00:78"));
    expected = vt_fmt("does not get back %u addresses and routes of eth1", count);
    assert_non_null(strstr(lan->notice, expected));
    assert_int_equal(vt_link_down(&netlink, "eth1"), 0);
    assert_int_equal(vt_link_up(&netlink, "eth1"), 0);
}

/* Give eth1 an address of @size bytes, with a peer that is in another network. */
static int add_with_peer(uint8_t family, const void *address, const void *peer, size_t size)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifaddrmsg *info;

    request->nlmsg_type = RTM_NEWADDR;
    request->nlmsg_flags = NLM_F_CREATE;
    info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
    *info = (struct ifaddrmsg){.ifa_family = family,
                               .ifa_prefixlen = (uint8_t)(8 * size),
                               .ifa_flags = IFA_F_NODAD,
                               .ifa_index = if_nametoindex("eth1")};
    mnl_attr_put(request, IFA_LOCAL, size, address);
    mnl_attr_put(request, IFA_ADDRESS, size, peer);
    return vt_netlink_ask(&netlink, request, NULL, NULL);
}

static void add_peers(uint32_t nth)
{
    const uint32_t here = htonl(ip("10.50.0.1") + nth), there = htonl(ip("10.51.0.1") + nth);
    struct in6_addr here6 = ip6("fd00:50::1"), there6 = ip6("fd00:51::1");

    here6.s6_addr[7] = there6.s6_addr[7] = (uint8_t)nth;
    assert_int_equal(add_with_peer(AF_INET, &here, &there, sizeof(here)), 0);
    assert_int_equal(add_with_peer(AF_INET6, &here6, &there6, sizeof(here6)), 0);
}

static void what_cannot_be_kept_is_told(void **state)
{
    AUTO_LAN struct vt_lan *whole = NULL;
    AUTO_LAN struct vt_lan *lacking = NULL;

    (void)state;
    if (!usable)
        skip();
    whole = plan();
    assert_null(whole->notice ? strstr(whole->notice, "does not get back") : NULL);
    assert_int_equal(add_unkept(20, true), 0);
    assert_int_equal(add_unkept(21, false), 0);
    add_peers(0);
    lacking = plan();
    assert_non_null(strstr(lacking->notice, "does not get back 2 addresses and routes of eth0"));
    assert_non_null(strstr(lacking->notice, "does not get back 2 addresses and routes of eth1"));
}

static void however_many_addresses_there_are_none_is_left(void **state)
{
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *taken = NULL;

    (void)state;
    if (!usable)
        skip();
    for (uint32_t i = 0; i < 150; i++)
        assert_int_equal(vt_link_add_address(&netlink, "eth0", ip("10.30.0.0") + i, 32), 0);
    for (uint32_t i = 0; i < 80; i++)
        add_peers(i + 1);
    know_gateways();
    lan = plan();
    if (!has_no_rules(lan))
        skip();
    assert_int_equal(vt_lan_take(lan, &mark, NULL), 0);
    vt_str_replace(&taken, what_there_is());
    assert_null(strstr(taken, "address eth0"));
    assert_null(strstr(taken, "address eth1"));
    assert_int_equal(vt_lan_give_back(NULL), 0);
}

/* It was killed when it had just made the bridge; and an alias is spoilt. */
static void what_a_killed_one_left_is_put_right(void **state)
{
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *before = NULL;
    VT_AUTO_FREE char *after = NULL;

    (void)state;
    if (!usable)
        skip();
    before = what_there_is();
    lan = plan();
    assert_int_equal(vt_link_make_bridge(&netlink, "virbr1", "02:42:ad:11:00:02", 1500), 0);
    assert_int_equal(vt_link_set_alias(&netlink, "eth0", lan->ports[0].record), 0);
    assert_int_equal(vt_link_set_alias(&netlink, "eth1", VT_LAN_RECORD "no more"), 0);
    assert_int_equal(vt_link_down(&netlink, "eth0"), 0);
    assert_int_equal(vt_lan_give_back(NULL), -EBADMSG);
    assert_int_equal(vt_link_set_alias(&netlink, "eth1", ""), 0);
    after = what_there_is();
    assert_string_equal(after, before);
    assert_int_equal(vt_lan_give_back(NULL), 0);
}

/* Of each, one by which the container sends with the address of the other. */
static void make_pair(void)
{
    const struct vt_route by_left = {.ifname = "left0",
                                     .network = ip("10.42.0.0"),
                                     .prefix = 16,
                                     .gateway = ip("10.40.0.254"),
                                     .source = ip("10.41.0.1")};
    const struct vt_route by_right = {
        .ifname = "right0", .network = ip("10.43.0.0"), .prefix = 16, .source = ip("10.40.0.1")};

    assert_int_equal(make_veth("left0", "right0"), 0);
    assert_int_equal(vt_link_up(&netlink, "left0"), 0);
    assert_int_equal(vt_link_up(&netlink, "right0"), 0);
    assert_int_equal(vt_link_add_address(&netlink, "left0", ip("10.40.0.1"), 24), 0);
    assert_int_equal(vt_link_add_address(&netlink, "right0", ip("10.41.0.1"), 24), 0);
    assert_int_equal(vt_link_add_route(&netlink, &by_left), 0);
    assert_int_equal(vt_link_add_route(&netlink, &by_right), 0);
}

static void a_route_may_send_with_the_address_of_another_interface(void **state)
{
    AUTO_LAN struct vt_lan *lan = NULL;
    VT_AUTO_FREE char *before = NULL;
    VT_AUTO_FREE char *after = NULL;

    (void)state;
    if (!usable)
        skip();
    make_pair();
    know_gateways();
    before = what_there_is();
    lan = plan();
    if (has_no_rules(lan)) {
        assert_int_equal(vt_lan_take(lan, &mark, NULL), 0);
        assert_int_equal(vt_lan_give_back(NULL), 0);
        after = what_there_is();
        assert_string_equal(after, before);
    }
    assert_int_equal(vt_link_delete(&netlink, "left0"), 0);
}

/* Those of a network that the container was taken from meanwhile, or that a router has yet to give
 * again. */
static void a_route_outlives_the_address_that_it_sent_with(void **state)
{
    VT_AUTO_FREE char *after = NULL;

    (void)state;
    if (!usable)
        skip();
    make_pair();
    assert_int_equal(vt_link_set_alias(&netlink, "left0",
                                       VT_LAN_RECORD MAC
                                       " 10.44.0.0/16>10.40.0.254@10.99.0.1 10.45.0.0/16>@10.99.0.1"
                                       " fd00:46::/64>@fd00:99::1"),
                     0);
    assert_int_equal(vt_lan_give_back(NULL), 0);
    after = what_there_is();
    assert_non_null(strstr(after, "left0 10.44.0.0/16 via 10.40.0.254 metric 0 src 0.0.0.0 "));
    assert_non_null(strstr(after, "left0 10.45.0.0/16 via 0.0.0.0 metric 0 src 0.0.0.0 "));
    assert_non_null(strstr(after, "left0 fd00:46::/64 via :: metric 1024 src :: "));
    assert_null(strstr(after, VT_LAN_RECORD));
    assert_int_equal(vt_link_delete(&netlink, "left0"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_is_as_before_when_the_guest_has_gone),
        cmocka_unit_test(what_cannot_be_taken_is_left_as_it_was),
        cmocka_unit_test(what_a_killed_one_left_is_put_right),
        cmocka_unit_test(a_route_may_send_with_the_address_of_another_interface),
        cmocka_unit_test(a_route_outlives_the_address_that_it_sent_with),
        cmocka_unit_test(what_is_no_plain_route_is_not_made_one),
        cmocka_unit_test(what_cannot_be_kept_is_told),
        cmocka_unit_test(however_many_addresses_there_are_none_is_left),
    };

    return cmocka_run_group_tests(tests, make_network, NULL);
}
