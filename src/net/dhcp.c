/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dhcp.h"

#include <errno.h>

#include "host/spawn.h"

#define MAX_ARGS 32
/* Microsoft's number for the option that became 121, for guests that ask for that. */
#define CLASSLESS_ROUTES_249 "249"

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

static char *search_option(const char *domains)
{
    char *option = vt_fmt("--dhcp-option=option:domain-search,%s", domains);

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

char **vt_dhcp_argv(const struct vt_net_plan *plan)
{
    struct vt_ip_text guest = vt_ip_text(plan->guest);
    char **argv = vt_calloc(MAX_ARGS, sizeof(*argv));
    size_t n = 0;

    argv[n++] = vt_strdup("dnsmasq");
    argv[n++] = vt_strdup("--keep-in-foreground");
    argv[n++] = vt_strdup("--conf-file=/dev/null");
    argv[n++] = vt_strdup("--pid-file=");
    argv[n++] = vt_strdup("--log-facility=" VT_DHCP_LOG);
    argv[n++] = vt_fmt("--interface=%s", plan->bridge);
    argv[n++] = vt_strdup("--except-interface=lo");
    argv[n++] = vt_strdup("--bind-interfaces");
    /* Name servers in their order, as the C library asks them. */
    argv[n++] = vt_strdup("--strict-order");
    argv[n++] = vt_fmt("--dhcp-range=%s,static,255.255.255.0,infinite", guest.s);
    argv[n++] = vt_fmt("--dhcp-host=%s,%s,infinite", plan->mac, guest.s);
    if (plan->has_ip6)
        n += add_ip6(argv + n, plan);
    argv[n++] = vt_strdup("--dhcp-authoritative");
    argv[n++] = vt_strdup("--leasefile-ro");
    /* An initramfs and the system it starts are the same guest under two client identifiers. */
    argv[n++] = vt_strdup("--dhcp-ignore-clid");
    /* Nobody else can have the address; asking would need NET_RAW, which podman does not give. */
    argv[n++] = vt_strdup("--no-ping");
    if (plan->search)
        argv[n++] = search_option(plan->search);
    if (plan->on_link_count > 0) {
        argv[n++] = routes_option("option:classless-static-route", plan);
        argv[n++] = routes_option(CLASSLESS_ROUTES_249, plan);
    }
    if (plan->mtu != 1500)
        argv[n++] = vt_fmt("--dhcp-option=option:mtu,%u", plan->mtu);
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
