/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Connection tracking asks the nat chains about the first packet of a
 * connection only, so what the container itself opened is never touched on its way back.
 *
 *   prerouting   Whatever arrives for an address of the container goes to the guest: every
 * protocol, every port. The guest itself is no exception (its own container's address leads back to
 * it), but for the gateway's address, where dnsmasq answers it. From elsewhere even the gateway's
 * address leads to the guest: dnsmasq is nobody else's business. What arrives by lo was sent by the
 * container and has been through output. output       What the container sends to its own address
 * goes to the guest too, but for 127.0.0.0/8 (Docker's name server lives there) and the gateway's
 * address. postrouting  The guest leaves with the container's address. What it sent to itself
 * through the container must come back the same way, so it gets the gateway as its source. Nothing
 * else is translated: the guest sees its clients. input        Until the guest has IPv6, it has
 * none to the container: no router advertisement of a guest shall become a route here.
 */
#include "net/nat.h"

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

static void add_inbound(struct vt_buf *out, const struct vt_net_plan *plan)
{
    const char *to_guest = "fib daddr type local dnat ip to";

    begin_chain(out, "prerouting", "nat", "prerouting", "-100");
    vt_buf_addf(out, "\t\tiifname \"lo\" accept\n");
    vt_buf_addf(out, "\t\tiifname \"%s\" ip daddr %s accept\n", plan->bridge,
                vt_ip_text(plan->gateway).s);
    vt_buf_addf(out, "\t\tmeta nfproto ipv4 %s %s\n", to_guest, vt_ip_text(plan->guest).s);
    end_chain(out);

    begin_chain(out, "output", "nat", "output", "-100");
    vt_buf_addf(out, "\t\toifname \"lo\" ip daddr != { 127.0.0.0/8, %s } %s %s\n",
                vt_ip_text(plan->gateway).s, to_guest, vt_ip_text(plan->guest).s);
    end_chain(out);
}

static void add_outbound(struct vt_buf *out, const struct vt_net_plan *plan)
{
    struct vt_ip_text guest = vt_ip_text(plan->guest);

    begin_chain(out, "postrouting", "nat", "postrouting", "100");
    vt_buf_addf(out, "\t\tiifname \"%s\" oifname != \"%s\" meta nfproto ipv4 masquerade\n",
                plan->bridge, plan->bridge);
    vt_buf_addf(out, "\t\toifname \"%s\" ip saddr %s ip daddr %s masquerade\n", plan->bridge,
                guest.s, guest.s);
    end_chain(out);
}

static void add_input(struct vt_buf *out, const struct vt_net_plan *plan)
{
    begin_chain(out, "input", "filter", "input", "0");
    vt_buf_addf(out, "\t\tiifname \"%s\" meta nfproto ipv6 drop\n", plan->bridge);
    end_chain(out);
}

char *vt_nat_ruleset(const struct vt_net_plan *plan, bool fresh)
{
    VT_AUTO_BUF struct vt_buf out = VT_BUF_INIT(65536);

    if (fresh)
        vt_buf_adds(&out, "create table inet " VT_NAT_TABLE "\n");
    else /* "add" first, so that there is something to delete */
        vt_buf_adds(&out, "add table inet " VT_NAT_TABLE "\ndelete table inet " VT_NAT_TABLE "\n");
    vt_buf_adds(&out, "table inet " VT_NAT_TABLE " {\n");
    add_inbound(&out, plan);
    add_outbound(&out, plan);
    add_input(&out, plan);
    vt_buf_adds(&out, "}\n");
    return vt_buf_take(&out);
}
