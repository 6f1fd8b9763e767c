/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dhcp.h"

#include <errno.h>

#include "host/spawn.h"

#define MAX_ARGS  128
#define USUAL_MTU 1500
/* As dnsmasq has it by default. */
#define RA_INTERVAL 600U /* s */

/* Beside the option 121 Microsoft's number from before it was one, for guests that ask for that. */
static const char *const classless_routes[] = {"option:classless-static-route", "249"};

/*
 * Router advertisements, by which the guest makes its address itself, and DHCPv6 that gives the
 * same one: some systems make themselves other addresses (RFC 7217), and then ask.
 */
static size_t add_ip6(char **argv, const struct vt_net_plan *plan)
{
    struct vt_ip6_text guest = vt_ip6_text(&plan->guest6);
    size_t n = 0;

    argv[n++] = vt_strdup("--enable-ra");
    argv[n++] = vt_fmt("--dhcp-range=%s,static,slaac,64,infinite", guest.s);
    argv[n++] = vt_fmt("--dhcp-host=%s,[%s],infinite", plan->mac, guest.s);
    return n;
}

/* For the network with @tag; NULL: for all. */
static char *search_option(const char *tag, const char *domains)
{
    char *option = vt_fmt("--dhcp-option=%s%s%soption:domain-search,%s", tag ? "tag:" : "",
                          tag ? tag : "", tag ? "," : "", domains);

    for (char *c = option; *c; c++) {
        if (*c == ' ')
            *c = ',';
    }
    return option;
}

/*
 * Networks of the container as networks of the guest's own link, where the bridge answers for them
 * (net/bridge.c), in option @name. Who takes it ignores the router option, so the default route is
 * in it too (RFC 3442); who does not know it has that all the same.
 */
static char *routes_option(const char *name, const struct vt_net_plan *plan)
{
    VT_AUTO_BUF struct vt_buf option = VT_BUF_INIT(4096);

    vt_buf_addf(&option, "--dhcp-option=%s", name);
    for (size_t i = 0; i < plan->on_link_count; i++)
        vt_buf_addf(&option, ",%s,0.0.0.0",
                    vt_net_text(plan->on_link[i].network, plan->on_link[i].prefix).s);
    vt_buf_addf(&option, ",0.0.0.0/0,%s", vt_ip_text(plan->gateway).s);
    return vt_buf_take(&option);
}

/* How it runs, and how it deals with a guest that is the only one. */
static size_t add_general(char **argv)
{
    size_t n = 0;

    argv[n++] = vt_strdup("dnsmasq");
    argv[n++] = vt_strdup("--keep-in-foreground");
    argv[n++] = vt_strdup("--conf-file=/dev/null");
    argv[n++] = vt_strdup("--pid-file=");
    argv[n++] = vt_strdup("--log-facility=" VT_DHCP_LOG);
    argv[n++] = vt_strdup("--except-interface=lo");
    argv[n++] = vt_strdup("--bind-interfaces");
    /* Name servers in their order, as the C library asks them. */
    argv[n++] = vt_strdup("--strict-order");
    argv[n++] = vt_strdup("--dhcp-authoritative");
    argv[n++] = vt_strdup("--leasefile-ro");
    /* An initramfs and the system it starts are the same guest under two client identifiers. */
    argv[n++] = vt_strdup("--dhcp-ignore-clid");
    /* Nobody else can have the address; asking would need NET_RAW, which podman does not give. */
    argv[n++] = vt_strdup("--no-ping");
    return n;
}

/*
 * Options of NETWORK=bridge for the network with the tag @tag. An option without a value is not
 * sent, where dnsmasq would send one of its own.
 */
static size_t add_lan_options(char **argv, const struct vt_lan *lan, const struct vt_lan_port *port,
                              const char *tag)
{
    VT_AUTO_BUF struct vt_buf servers = VT_BUF_INIT(4096);
    bool first = port == &lan->ports[lan->first];
    size_t n = 0;

    for (size_t i = 0; first && i < lan->server_count; i++)
        vt_buf_addf(&servers, ",%s", vt_ip_text(lan->servers[i]).s);
    if (first && lan->server_count == 0)
        vt_buf_addf(&servers, ",%s", vt_ip_text(port->here).s);
    argv[n++] = vt_fmt("--dhcp-option=tag:%s,option:dns-server%s", tag, vt_buf_str(&servers));
    argv[n++] = vt_fmt("--dhcp-option=tag:%s,option:router%s%s", tag, port->gateway ? "," : "",
                       port->gateway ? vt_ip_text(port->gateway).s : "");
    for (size_t i = 0; port->routes && i < VT_ARRAY_SIZE(classless_routes); i++)
        argv[n++] = vt_fmt("--dhcp-option=tag:%s,%s,%s", tag, classless_routes[i], port->routes);
    if (first && lan->search)
        argv[n++] = search_option(tag, lan->search);
    if (port->mtu != USUAL_MTU)
        argv[n++] = vt_fmt("--dhcp-option=tag:%s,option:mtu,%u", tag, port->mtu);
    return n;
}

/* The bridge has no address in the guest's network: dnsmasq is told that it is there all the same.
 */
static size_t add_lan_port(char **argv, const struct vt_lan *lan, const struct vt_lan_port *port)
{
    VT_AUTO_FREE char *guest = vt_strdup(vt_ip_text(port->guest).s);
    VT_AUTO_FREE char *tag = vt_fmt("lan%zu", (size_t)(port - lan->ports) + 1);
    size_t n = 0;

    argv[n++] = vt_fmt("--shared-network=%s,%s", port->bridge, guest);
    argv[n++] = vt_fmt("--dhcp-range=set:%s,%s,static,%s,infinite", tag, guest,
                       vt_ip_text(vt_netmask(port->prefix)).s);
    argv[n++] = vt_fmt("--dhcp-host=%s,%s,infinite", port->mac, guest);
    return n + add_lan_options(argv + n, lan, port, tag);
}

/* A router advertisement that says no more than to ask for the address (DHCPv6), and that the
 * container is the router, if the network has one. */
static size_t add_lan_port6(char **argv, const struct vt_lan_port *port)
{
    struct vt_ip6_text guest = vt_ip6_text(&port->guest6);
    size_t n = 0;

    argv[n++] = vt_strdup("--enable-ra");
    if (!port->gateway6_mac[0])
        argv[n++] = vt_fmt("--ra-param=%s,%u,0", port->bridge, RA_INTERVAL);
    argv[n++] = vt_fmt("--dhcp-range=%s,static,64,infinite", guest.s);
    argv[n++] = vt_fmt("--dhcp-host=%s,[%s],infinite", port->mac, guest.s);
    return n;
}

static size_t add_lan(char **argv, const struct vt_lan *lan)
{
    size_t n = 0;

    for (size_t i = 0; i < lan->count; i++) {
        const struct vt_lan_port *port = &lan->ports[i];

        if (vt_lan_serves(port) || vt_lan_serves6(port))
            argv[n++] = vt_fmt("--interface=%s", port->bridge);
        if (vt_lan_serves(port))
            n += add_lan_port(argv + n, lan, port);
        if (vt_lan_serves6(port))
            n += add_lan_port6(argv + n, port);
    }
    /* The guest asks the container's name servers itself, where it reaches them. */
    if (lan->server_count > 0)
        argv[n++] = vt_strdup("--port=0");
    return n;
}

static size_t add_nat(char **argv, const struct vt_net_plan *plan)
{
    struct vt_ip_text guest = vt_ip_text(plan->guest);
    size_t n = 0;

    argv[n++] = vt_fmt("--interface=%s", plan->bridge);
    argv[n++] = vt_fmt("--dhcp-range=%s,static,255.255.255.0,infinite", guest.s);
    argv[n++] = vt_fmt("--dhcp-host=%s,%s,infinite", plan->mac, guest.s);
    if (plan->has_ip6)
        n += add_ip6(argv + n, plan);
    if (plan->search)
        argv[n++] = search_option(NULL, plan->search);
    for (size_t i = 0; plan->on_link_count > 0 && i < VT_ARRAY_SIZE(classless_routes); i++)
        argv[n++] = routes_option(classless_routes[i], plan);
    if (plan->mtu != USUAL_MTU)
        argv[n++] = vt_fmt("--dhcp-option=option:mtu,%u", plan->mtu);
    return n;
}

char **vt_dhcp_argv(const struct vt_net_plan *plan)
{
    char **argv = vt_calloc(MAX_ARGS, sizeof(*argv));
    size_t n = add_general(argv);

    if (plan->lan)
        (void)add_lan(argv + n, plan->lan);
    else
        (void)add_nat(argv + n, plan);
    return argv;
}

pid_t vt_dhcp_start(const struct vt_net_plan *plan, struct vt_error *err)
{
    VT_CLEANUP(vt_strv_freep) char **argv = vt_dhcp_argv(plan);
    struct vt_spawn spawn = {.argv = (const char *const *)argv};
    VT_AUTO_ERROR struct vt_error why = VT_ERROR_INIT;
    pid_t pid = vt_spawn(&spawn, &why);

    if (pid < 0)
        return vt_error_set(err, VT_CAUSE_NETWORK, pid,
                            "cannot start the guest's DHCP and name server: %s; the package is "
                            "dnsmasq-base",
                            why.msg ? why.msg : "unknown reason");
    return pid;
}
