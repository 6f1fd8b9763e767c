/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers' networks, made by hand for the tests of this room. */
#pragma once

#include <arpa/inet.h>
#include <stdio.h>

#include "net/plan.h"

/* "192.168.100.0" in host order. */
static inline uint32_t ip(const char *text)
{
    struct in_addr in = {0};

    assert_int_equal(inet_pton(AF_INET, text, &in), 1);
    return ntohl(in.s_addr);
}

static inline void add_link(struct vt_net_view *view, const char *name, int index, unsigned mtu)
{
    struct vt_link link = {.index = index, .mtu = mtu};

    (void)snprintf(link.name, sizeof(link.name), "%s", name);
    vt_net_view_add_link(view, &link);
}

static inline void add_address(struct vt_net_view *view, const char *name, const char *address,
                               unsigned prefix)
{
    struct vt_address a = {.address = ip(address), .prefix = prefix, .global = true};

    (void)snprintf(a.ifname, sizeof(a.ifname), "%s", name);
    vt_net_view_add_address(view, &a);
}

static inline void add_route(struct vt_net_view *view, const char *name, const char *network,
                             unsigned prefix, unsigned metric)
{
    struct vt_route r = {
        .network = ip(network),
        .prefix = prefix,
        .metric = metric,
        .is_default = prefix == 0,
        .on_link = prefix > 0,
    };

    (void)snprintf(r.ifname, sizeof(r.ifname), "%s", name);
    vt_net_view_add_route(view, &r);
}

/* What a container on Docker's default bridge sees. */
static inline void docker_view(struct vt_net_view *view)
{
    add_link(view, "lo", 1, 65536);
    add_link(view, "eth0", 2, 1500);
    add_address(view, "lo", "127.0.0.1", 8);
    add_address(view, "eth0", "172.17.0.2", 16);
    add_route(view, "eth0", "0.0.0.0", 0, 0);
    add_route(view, "eth0", "172.17.0.0", 16, 0);
}

/* The plan made of @view with @cidr; asserts that there is one. */
static inline void plan_of(const struct vt_net_view *view, char *cidr, struct vt_net_plan *plan)
{
    const struct vt_config config = {.cidr = cidr};

    assert_int_equal(vt_net_plan_make(&config, view, "52:54:00:12:34:56", plan, NULL), 0);
}

static inline struct in6_addr ip6(const char *text)
{
    struct in6_addr in;

    assert_int_equal(inet_pton(AF_INET6, text, &in), 1);
    return in;
}

static inline void add_address6(struct vt_net_view *view, const char *name, const char *address)
{
    struct vt_address6 a = {.address = ip6(address), .prefix = 64};

    (void)snprintf(a.ifname, sizeof(a.ifname), "%s", name);
    vt_net_view_add_address6(view, &a);
}

static inline void add_route6(struct vt_net_view *view, const char *name, const char *network,
                              unsigned prefix)
{
    struct vt_route6 r = {.network = ip6(network), .prefix = prefix};

    (void)snprintf(r.ifname, sizeof(r.ifname), "%s", name);
    vt_net_view_add_route6(view, &r);
}

/* The same container on a network that has IPv6 too, and the plan of it. */
static inline void dual_plan(struct vt_net_view *view, char *cidr, struct vt_net_plan *plan)
{
    docker_view(view);
    add_address6(view, "eth0", "fd00:5::2");
    add_route6(view, "eth0", "fd00:5::", 64);
    plan_of(view, cidr, plan);
    vt_net_plan_add_ip6(view, plan);
}
