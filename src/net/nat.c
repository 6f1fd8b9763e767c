/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
/*
 * Theory of operation. Connection tracking asks the nat chains about the first packet of a
 * connection only, so what the container itself opened is never touched on its way back.
 *
 * prerouting   Whatever arrives for an address of the container, by any interface, goes to the
 *              guest: every protocol, every port. The guest itself is no exception (its own
 *              container's address leads back to it), but for the gateway's address, where dnsmasq
 *              answers it. From elsewhere even the gateway's address leads to the guest: dnsmasq is
 *              nobody else's business. What arrives by lo has been asked about in output already,
 *              and is not again. PORTS narrows it: the rest is left to the container. Link-local
 *              IPv6 addresses are the container's own: nothing of them can be forwarded.
 * output       What the container sends to its own address goes to the guest too, but for
 *              127.0.0.0/8 (Docker's name server lives there), ::1 and the gateway's address.
 * postrouting  The guest leaves with the container's address. What it sent to itself through the
 *              container must come back the same way, so it gets the gateway as its source. Nothing
 *              else is translated: the guest sees its clients.
 * forward      A connection takes no segments that its way out of the container has no room for,
 *              also where the ICMP messages that would say so are lost. Not everybody may come
 *              (ALLOW_FROM), and to the SSH server not all the time (SSH_RATE): what is too much is
 *              dropped, not refused, so that an honest client waits and gets in. Who knows the
 *              guest's own address and has a route to it does not get past PORTS, nor does what
 *              belongs to no connection. Where IPv6 is forwarded for the guest's sake only, the container is no
 *              way from one of its networks to another.
 * input        With PORTS, what does not lead to the guest stays here: not so what is for the
 *              gateway's address, where only the guest is served. No router advertisement of the
 *              guest shall become a route here; a guest without IPv6 has none to the container.
 */
/* clang-format on */
#include "net/nat.h"
#include "net/rules.h"

/* Of no connection that is known: the first packet of one, or one that fits none. */
#define STRANGE "ct state != { established, related } "
/* Whether it is for an address that the container has now. */
#define LOCAL "fib daddr type local"

/* Where SSH_RATE counts the clients of one protocol. More at a time are not counted. */
#define CALLERS_MAX  65536
#define CALLERS(ip6) ((ip6) ? "ssh_callers6" : "ssh_callers")

static void begin_chain(struct vt_buf *out, const char *name, const char *type, const char *hook,
                        const char *priority)
{
    vt_buf_addf(out, "\tchain %s {\n\t\ttype %s hook %s priority %s; policy accept;\n", name, type,
                hook, priority);
}

static void end_chain(struct vt_buf *out)
{
    vt_buf_adds(out, "\t}\n");
}

/* To the guest, if it is for the container: what @match and @match6 say of the two protocols. */
static void add_all(struct vt_buf *out, const struct vt_net_plan *plan, const char *match,
                    const char *match6)
{
    vt_buf_addf(out, "\t\t%s" LOCAL " dnat ip to %s\n", match, vt_ip_text(plan->guest).s);
    if (plan->has_ip6)
        vt_buf_addf(out, "\t\t%s" LOCAL " dnat ip6 to %s\n", match6, vt_ip6_text(&plan->guest6).s);
}

/* The same for one port or range. */
static void add_port(struct vt_buf *out, const struct vt_net_plan *plan, const char *match,
                     const char *match6, const struct vt_port *port)
{
    const char *protocol = vt_protocol_name(port->protocol);
    VT_AUTO_FREE char *range = port->last == port->first ? vt_fmt("%u", port->first)
                                                         : vt_fmt("%u-%u", port->first, port->last);
    VT_AUTO_FREE char *inside =
        port->inside == port->first ? vt_strdup("") : vt_fmt(":%u", port->inside);
    bool mapped = *inside != '\0';

    vt_buf_addf(out, "\t\t%s" LOCAL " %s dport %s dnat ip to %s%s\n", match, protocol, range,
                vt_ip_text(plan->guest).s, inside);
    if (plan->has_ip6)
        vt_buf_addf(out, "\t\t%s" LOCAL " %s dport %s dnat ip6 to %s%s%s%s\n", match6, protocol,
                    range, mapped ? "[" : "", vt_ip6_text(&plan->guest6).s, mapped ? "]" : "",
                    inside);
}

static void add_to_guest(struct vt_buf *out, const struct vt_net_plan *plan, const char *match,
                         const char *match6)
{
    if (plan->ports.count == 0)
        add_all(out, plan, match, match6);
    for (size_t i = 0; i < plan->ports.count; i++)
        add_port(out, plan, match, match6, &plan->ports.list[i]);
}

static void add_inbound(struct vt_buf *out, const struct vt_net_plan *plan)
{
    begin_chain(out, "prerouting", "nat", "prerouting", "-100");
    vt_buf_addf(out, "\t\tiifname \"%s\" ip daddr %s accept\n", plan->bridge,
                vt_ip_text(plan->gateway).s);
    if (plan->has_ip6) {
        vt_buf_addf(out, "\t\tiifname \"%s\" ip6 daddr %s accept\n", plan->bridge,
                    vt_ip6_text(&plan->gateway6).s);
        vt_buf_adds(out, "\t\tip6 daddr fe80::/10 accept\n");
    }
    add_to_guest(out, plan, "meta nfproto ipv4 ", "meta nfproto ipv6 ");
    end_chain(out);
}

static void add_own(struct vt_buf *out, const struct vt_net_plan *plan)
{
    VT_AUTO_FREE char *match =
        vt_fmt("oifname \"lo\" ip daddr != { 127.0.0.0/8, %s } ", vt_ip_text(plan->gateway).s);
    VT_AUTO_FREE char *match6 = vt_fmt("oifname \"lo\" ip6 daddr != { ::1, %s, fe80::/10 } ",
                                       vt_ip6_text(&plan->gateway6).s);

    begin_chain(out, "output", "nat", "output", "-100");
    add_to_guest(out, plan, match, match6);
    end_chain(out);
}

static void add_outbound(struct vt_buf *out, const struct vt_net_plan *plan)
{
    struct vt_ip_text guest = vt_ip_text(plan->guest);
    struct vt_ip6_text guest6 = vt_ip6_text(&plan->guest6);

    begin_chain(out, "postrouting", "nat", "postrouting", "100");
    vt_buf_addf(out, "\t\tiifname \"%s\" oifname != \"%s\" %smasquerade\n", plan->bridge,
                plan->bridge, plan->has_ip6 ? "" : "meta nfproto ipv4 ");
    vt_buf_addf(out, "\t\toifname \"%s\" ip saddr %s ip daddr %s masquerade\n", plan->bridge,
                guest.s, guest.s);
    if (plan->has_ip6)
        vt_buf_addf(out, "\t\toifname \"%s\" ip6 saddr %s ip6 daddr %s masquerade\n", plan->bridge,
                    guest6.s, guest6.s);
    end_chain(out);
}

/* New connections to the guest of who is not in the list; its own, by the container, are its own.
 */
static void add_strangers(struct vt_buf *out, const struct vt_net_plan *plan, bool ip6)
{
    VT_AUTO_FREE char *list = vt_sources_text(&plan->allow_from, ip6);

    vt_buf_addf(out, "\t\tiifname != \"%s\" oifname \"%s\" " STRANGE, plan->bridge, plan->bridge);
    if (*list)
        vt_buf_addf(out, "%s saddr != { %s } drop\n", ip6 ? "ip6" : "ip", list);
    else
        vt_buf_addf(out, "meta nfproto %s drop\n", ip6 ? "ipv6" : "ipv4");
}

static void add_callers(struct vt_buf *out, const struct vt_net_plan *plan, bool ip6)
{
    /* Who has been silent for a unit has all its connections again, and can be forgotten. */
    vt_buf_addf(out,
                "\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic,timeout\n"
                "\t\ttimeout %us\n\t}\n",
                CALLERS(ip6), ip6 ? "ipv6_addr" : "ipv4_addr", CALLERS_MAX, plan->ssh_rate.unit);
}

/* The SSH server's own port, whatever port of the container leads there. A client of IPv6 is a /64:
 * it can have any address of that. */
static void add_rate(struct vt_buf *out, const struct vt_net_plan *plan, bool ip6)
{
    VT_AUTO_FREE char *rate = vt_rate_text(&plan->ssh_rate);

    vt_buf_addf(
        out,
        "\t\tiifname != \"%s\" oifname \"%s\" ct state new tcp dport 22 update @%s { %s limit "
        "rate over %s burst %u packets } drop\n",
        plan->bridge, plan->bridge, CALLERS(ip6),
        ip6 ? "ip6 saddr & ffff:ffff:ffff:ffff::" : "ip saddr", rate, plan->ssh_rate.count);
}

static void add_filters(struct vt_buf *out, const struct vt_net_plan *plan)
{
    begin_chain(out, "forward", "filter", "forward", "0");
    vt_buf_adds(out, "\t\ttcp flags syn tcp option maxseg size set rt mtu\n");
    if (plan->no_transit6)
        vt_buf_addf(out, "\t\tmeta nfproto ipv6 iifname != \"%s\" oifname != \"%s\" drop\n",
                    plan->bridge, plan->bridge);
    for (int ip6 = 0; plan->allow_from.count > 0 && ip6 < 2; ip6++)
        add_strangers(out, plan, ip6);
    for (int ip6 = 0; plan->ssh_rate.count > 0 && ip6 <= plan->has_ip6; ip6++)
        add_rate(out, plan, ip6);
    vt_buf_addf(out, "\t\toifname \"%s\" ct status dnat accept\n", plan->bridge);
    vt_buf_addf(out, "\t\toifname \"%s\" " STRANGE "drop\n", plan->bridge);
    end_chain(out);

    begin_chain(out, "input", "filter", "input", "0");
    vt_buf_addf(out, "\t\tiifname != { \"lo\", \"%s\" } ip daddr %s drop\n", plan->bridge,
                vt_ip_text(plan->gateway).s);
    if (plan->has_ip6)
        vt_buf_addf(out, "\t\tiifname != { \"lo\", \"%s\" } ip6 daddr %s drop\n", plan->bridge,
                    vt_ip6_text(&plan->gateway6).s);
    vt_buf_addf(out, "\t\tiifname \"%s\" %s drop\n", plan->bridge,
                plan->has_ip6 ? "icmpv6 type nd-router-advert" : "meta nfproto ipv6");
    end_chain(out);
}

char *vt_nat_ruleset(const struct vt_net_plan *plan, bool fresh)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(262144);

    if (fresh)
        vt_buf_adds(&out, "create table inet " VT_RULES_TABLE "\n");
    else /* "add" first, so that there is something to delete */
        vt_buf_adds(&out,
                    "add table inet " VT_RULES_TABLE "\ndelete table inet " VT_RULES_TABLE "\n");
    vt_buf_adds(&out, "table inet " VT_RULES_TABLE " {\n");
    for (int ip6 = 0; plan->ssh_rate.count > 0 && ip6 <= plan->has_ip6; ip6++)
        add_callers(&out, plan, ip6);
    add_inbound(&out, plan);
    add_own(&out, plan);
    add_outbound(&out, plan);
    add_filters(&out, plan);
    vt_buf_adds(&out, "}\n");
    return vt_buf_take(&out);
}
